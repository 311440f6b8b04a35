import { Link } from "@tanstack/react-router";
import type { RunDetail } from "@wire/run.ts";
import type { Verb } from "@wire/verb.ts";
import type { FocusEvent, KeyboardEvent, MouseEvent } from "react";
import type { VerbAsked } from "../../acts/asked.ts";
import { labelOf } from "../../acts/words.ts";
import { Crumbs } from "../../parts/page.tsx";
import { Button, partStyles, RunPill } from "../../parts/parts.tsx";
import { copy } from "../../shell/announce.tsx";
import styles from "./run.module.css";

const shownElsewhere: readonly Verb[] = ["resume", "retry", "restart"];

/** Which run this is, and what is seldom asked of it. What is often asked stands where its state is told. */
export function Top({ run, onAct }: { run: RunDetail; onAct: (asked: VerbAsked) => void }) {
  const verbs = run.verbs.filter((verb) => !shownElsewhere.includes(verb));
  return (
    <header className={styles.top}>
      <div className={styles.title}>
        <Crumbs>
          <Link to="/runs">Runs</Link> /{" "}
          <Link to="/workflows/$name" params={{ name: run.name }}>
            {run.name}
          </Link>
        </Crumbs>
        <h1>
          <RunPill run={run} /> {run.name}{" "}
          {run.key === null ? null : (
            <Link to="/k/$key" params={{ key: run.key }} className={styles.key}>
              {run.key}
            </Link>
          )}
        </h1>
      </div>
      <div className={styles.acts}>
        <Link className={partStyles.button} to="/compare" search={{ a: run.id }}>
          Compare… <kbd aria-hidden="true">d</kbd>
        </Link>
        <details className={styles.more} onClick={closeOnChoice} onBlur={closeOnLeave} onKeyDown={closeOnEscape}>
          <summary className={partStyles.button}>More ▾</summary>
          <ul>
            {verbs.map((verb) => (
              <li key={verb}>
                <Button look="quiet" onClick={() => onAct({ verb })}>
                  {labelOf(verb, null)}
                </Button>
              </li>
            ))}
            {verbs.includes("rerun") ? (
              <li>
                <Button look="quiet" onClick={() => onAct({ verb: "rerun", withInput: true })}>
                  Run again with edited input
                </Button>
              </li>
            ) : null}
            <li>
              <Button look="quiet" onClick={() => void copy(`baton show ${run.id}`, "the command")}>
                Copy as CLI
              </Button>
            </li>
            <li>
              <a href={`/api/runs/${run.id}/export`} download={`${run.id}.json`}>
                Export with its history
              </a>
            </li>
          </ul>
        </details>
      </div>
    </header>
  );
}

/** The menu closes by itself: on a choice, when the focus leaves it, and on Escape. */
function closeOnChoice({ target, currentTarget }: MouseEvent<HTMLDetailsElement>): void {
  if (target instanceof Element && target.closest("li") !== null) currentTarget.open = false;
}

function closeOnLeave({ relatedTarget, currentTarget }: FocusEvent<HTMLDetailsElement>): void {
  if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) currentTarget.open = false;
}

function closeOnEscape({ key, currentTarget }: KeyboardEvent<HTMLDetailsElement>): void {
  if (key !== "Escape") return;
  currentTarget.open = false;
  currentTarget.querySelector("summary")?.focus();
}
