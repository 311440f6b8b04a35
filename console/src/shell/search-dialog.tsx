import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { Page } from "@wire/page.ts";
import type { RunSummary } from "@wire/run.ts";
import { useDeferredValue, useState } from "react";
import { get } from "../api/client.ts";
import { queries } from "../api/queries.ts";
import { RunPill } from "../components/basics.tsx";
import { Dialog } from "../components/dialog.tsx";
import { firstLine, plural } from "../components/text.ts";
import styles from "./search-dialog.module.css";

interface Result {
  readonly id: string;
  readonly kind: string;
  readonly text: React.ReactNode;
  readonly open: () => unknown;
}

const shownMax = 8;

/** Searches runs by id, key or error text, workflows, and causes of dead letters. */
export function SearchDialog({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const query = useDeferredValue(text.trim());
  const results = useResults(query);
  const open = (one: Result | undefined): void => {
    if (one === undefined) return;
    onClose();
    one.open();
  };
  return (
    <Dialog title="Search" onClose={onClose}>
      <input
        className={styles.field}
        data-first={true}
        role="combobox"
        aria-label="Run, key, workflow or error"
        aria-expanded={results.length > 0}
        aria-controls="search-results"
        aria-activedescendant={results[at] === undefined ? undefined : `result-${at}`}
        placeholder="deal:8841, run_…, workflow name, error text"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt(Math.min(at + 1, results.length - 1));
          else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
          else if (event.key === "Enter") open(results[at]);
          else return;
          event.preventDefault();
        }}
      />
      <ul id="search-results" role="listbox" aria-label="Results" className={styles.found}>
        {results.map((one, i) => (
          <li
            key={one.id}
            id={`result-${i}`}
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
      {query !== "" && results.length === 0 ? <p>No matches. Older keys are matched by their beginning only.</p> : null}
    </Dialog>
  );
}

function useResults(query: string): readonly Result[] {
  const navigate = useNavigate();
  const runs = useQuery({
    queryKey: ["search", query],
    queryFn: ({ signal }) => get<Page<RunSummary>>("/api/runs", { q: query, limit: shownMax }, signal),
    enabled: query !== "",
  });
  const definitions = useQuery(queries.definitions());
  const groups = useQuery(queries.groups());
  if (query === "") return [];
  const has = (value: string): boolean => value.toLowerCase().includes(query.toLowerCase());
  const names = [...new Set((definitions.data?.items ?? []).map((each) => each.name))].filter(has);
  return [
    ...(/^[\w.-]+:\S+$/.test(query)
      ? [
          {
            id: `key ${query}`,
            kind: "key",
            text: <code>{query}</code>,
            open: () => navigate({ to: "/k/$key", params: { key: query } }),
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
