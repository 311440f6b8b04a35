import { Link } from "@tanstack/react-router";
import type { RunDetail } from "@wire/run.ts";
import type { Verb } from "@wire/verb.ts";
import type { FocusEvent, KeyboardEvent, MouseEvent } from "react";
import type { RunAction } from "../../actions/run-action.ts";
import { runActionLabel } from "../../actions/texts.ts";
import { Button, baseStyles, RunPill } from "../../components/basics.tsx";
import { Breadcrumbs } from "../../components/page.tsx";
import { copy } from "../../shell/announce.tsx";
import styles from "./run.module.css";

const shownElsewhere: readonly Verb[] = ["resume", "retry", "restart"];

/** The title of the run, and the less common actions. The common ones are in the state card. */
export function RunHeader({ run, onAction }: { run: RunDetail; onAction: (action: RunAction) => void }) {
  const verbs = run.verbs.filter((verb) => !shownElsewhere.includes(verb));
  return (
    <header className={styles.top}>
      <div className={styles.title}>
        <Breadcrumbs>
          <Link to="/runs">Runs</Link> /{" "}
          <Link to="/workflows/$name" params={{ name: run.name }}>
            {run.name}
          </Link>
        </Breadcrumbs>
        <h1>
          <RunPill run={run} /> {run.name}{" "}
          {run.key === null ? null : (
            <Link to="/k/$key" params={{ key: run.key }} className={styles.key}>
              {run.key}
            </Link>
          )}
        </h1>
      </div>
      <div className={styles.actions}>
        <Link className={baseStyles.button} to="/compare" search={{ a: run.id }}>
          Compare… <kbd aria-hidden="true">d</kbd>
        </Link>
        <details className={styles.more} onClick={closeOnChoice} onBlur={closeOnLeave} onKeyDown={closeOnEscape}>
          <summary className={baseStyles.button}>More ▾</summary>
          <ul>
            {verbs.map((verb) => (
              <li key={verb}>
                <Button variant="quiet" onClick={() => onAction({ verb })}>
                  {runActionLabel(verb, null)}
                </Button>
              </li>
            ))}
            {verbs.includes("rerun") ? (
              <li>
                <Button variant="quiet" onClick={() => onAction({ verb: "rerun", withInput: true })}>
                  Run again with edited input
                </Button>
              </li>
            ) : null}
            <li>
              <Button variant="quiet" onClick={() => void copy(`baton show ${run.id}`, "CLI command")}>
                Copy as CLI
              </Button>
            </li>
            <li>
              <a href={`/api/runs/${run.id}/export`} download={`${run.id}.json`}>
                Export with history
              </a>
            </li>
          </ul>
        </details>
      </div>
    </header>
  );
}

/** The menu closes on a selection, when it loses the focus, and on Escape. */
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
