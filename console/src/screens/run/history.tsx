import { useMutation, useQuery } from "@tanstack/react-query";
import type { HistoryEntry } from "@wire/history.ts";
import type { RunDetail } from "@wire/run.ts";
import { useState } from "react";
import { post } from "../../api/client.ts";
import { invalidate, queries } from "../../api/queries.ts";
import { Button, baseStyles } from "../../components/basics.tsx";
import { Loaded, Problem } from "../../components/states.tsx";
import { escapeControls } from "../../components/text.ts";
import { Timestamp } from "../../shell/clock.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import { Logs } from "./logs.tsx";
import styles from "./run.module.css";

/** History entries, notes and logs of the run. */
export function History({ run }: { run: RunDetail }) {
  const isReadOnly = useReadOnly();
  const history = useQuery(queries.history(run.id));
  const logs = useQuery(queries.logs(run.id));
  return (
    <div className={styles.history}>
      <Loaded query={history} rows={3}>
        {({ items }) => (
          <ol aria-label="History">
            {items.map((entry, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: entries are only ever added
              <li key={i}>
                <Timestamp at={entry.at} isZoneHidden={true} />
                <strong>{entry.kind}</strong>
                <span>{entryText(entry)}</span>
              </li>
            ))}
          </ol>
        )}
      </Loaded>
      {isReadOnly ? null : <NewNote run={run} />}
      <h3>Logs</h3>
      <Logs lines={logs.data?.items ?? []} />
      {logs.data?.nextPageToken == null ? null : (
        <p className={baseStyles.muted}>
          Showing the first {logs.data.items.length} lines. For all lines, run <code>baton show {run.id}</code>
        </p>
      )}
    </div>
  );
}

function entryText({ actor, detail }: HistoryEntry): string {
  const content =
    detail === null || detail === undefined ? "" : typeof detail === "string" ? detail : JSON.stringify(detail);
  return escapeControls(
    [actor === null ? "" : `by ${actor}`, content === "{}" ? "" : content].filter(Boolean).join(": "),
  );
}

function NewNote({ run }: { run: RunDetail }) {
  const [text, setText] = useState("");
  const add = useMutation({
    mutationFn: () => post(`/api/runs/${run.id}/notes`, { text: text.trim() }),
    onSuccess: () => {
      setText("");
      invalidate("history");
    },
  });
  return (
    <form
      className={styles.note}
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== "") add.mutate();
      }}
    >
      <input
        className={baseStyles.input}
        aria-label="Note on this run"
        placeholder="Add a note about this run"
        maxLength={2_000}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit" disabled={text.trim() === "" || add.isPending}>
        Add note
      </Button>
      {add.isError ? <Problem error={add.error} /> : null}
    </form>
  );
}
