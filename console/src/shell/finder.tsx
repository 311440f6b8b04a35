import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { Page } from "@wire/page.ts";
import type { RunSummary } from "@wire/run.ts";
import { useDeferredValue, useState } from "react";
import { get } from "../api/client.ts";
import { reads } from "../api/queries.ts";
import { RunPill } from "../parts/parts.tsx";
import { Sheet } from "../parts/sheet.tsx";
import { firstLine, plural } from "../parts/words.ts";
import styles from "./finder.module.css";

interface Found {
  readonly id: string;
  readonly kind: string;
  readonly text: React.ReactNode;
  readonly open: () => unknown;
}

const shownMax = 8;

/** Finds a run by id, key or the words of its error, a workflow, and a cause of failures. */
export function Finder({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const asked = useDeferredValue(text.trim());
  const found = useFound(asked);
  const open = (one: Found | undefined): void => {
    if (one === undefined) return;
    onClose();
    one.open();
  };
  return (
    <Sheet title="Find" onClose={onClose}>
      <input
        className={styles.field}
        data-first={true}
        role="combobox"
        aria-label="A run, key, workflow or error"
        aria-expanded={found.length > 0}
        aria-controls="found"
        aria-activedescendant={found[at] === undefined ? undefined : `found-${at}`}
        placeholder="deal:8841, run_…, a workflow, words of an error"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt(Math.min(at + 1, found.length - 1));
          else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
          else if (event.key === "Enter") open(found[at]);
          else return;
          event.preventDefault();
        }}
      />
      <ul id="found" role="listbox" aria-label="Found" className={styles.found}>
        {found.map((one, i) => (
          <li
            key={one.id}
            id={`found-${i}`}
            role="option"
            aria-selected={i === at}
            tabIndex={-1}
            onClick={() => open(one)}
            onKeyDown={() => {}}
            onMouseMove={() => setAt(i)}
          >
            <span className={styles.kind}>{one.kind}</span> {one.text}
          </li>
        ))}
      </ul>
      {asked !== "" && found.length === 0 ? (
        <p>Nothing is called so. Older keys are found by their beginning.</p>
      ) : null}
    </Sheet>
  );
}

function useFound(asked: string): readonly Found[] {
  const navigate = useNavigate();
  const runs = useQuery({
    queryKey: ["found", asked],
    queryFn: ({ signal }) => get<Page<RunSummary>>("/api/runs", { q: asked, limit: shownMax }, signal),
    enabled: asked !== "",
  });
  const definitions = useQuery(reads.definitions());
  const groups = useQuery(reads.groups());
  if (asked === "") return [];
  const has = (value: string): boolean => value.toLowerCase().includes(asked.toLowerCase());
  const names = [...new Set((definitions.data?.items ?? []).map((each) => each.name))].filter(has);
  return [
    ...(/^[\w.-]+:\S+$/.test(asked)
      ? [
          {
            id: `key ${asked}`,
            kind: "key",
            text: <code>{asked}</code>,
            open: () => navigate({ to: "/k/$key", params: { key: asked } }),
          },
        ]
      : []),
    ...names.slice(0, 4).map((name) => ({
      id: name,
      kind: "workflow",
      text: name,
      open: () => navigate({ to: "/workflows/$name", params: { name } }),
    })),
    ...(groups.data?.items ?? [])
      .filter((group) => has(group.message) || has(group.step ?? ""))
      .slice(0, 4)
      .map((group) => ({
        id: group.fingerprint,
        kind: "error",
        text: `${firstLine(group.message)} · ${plural(group.count, "run")}`,
        open: () => navigate({ to: "/errors/$fingerprint", params: { fingerprint: group.fingerprint } }),
      })),
    ...(runs.data?.items ?? []).map((run) => ({
      id: run.id,
      kind: "run",
      text: (
        <>
          <RunPill run={run} /> {run.name} <code>{run.key ?? run.id}</code>
        </>
      ),
      open: () => navigate({ to: "/runs/$id", params: { id: run.id } }),
    })),
  ];
}
