import { useMutation, useQuery } from "@tanstack/react-query";
import type { HistoryEntry } from "@wire/history.ts";
import type { RunDetail } from "@wire/run.ts";
import { useState } from "react";
import { post } from "../../api/client.ts";
import { invalidate, reads } from "../../api/queries.ts";
import { Button, partStyles } from "../../parts/parts.tsx";
import { Loaded, Problem } from "../../parts/states.tsx";
import { plain } from "../../parts/words.ts";
import { Moment } from "../../shell/clock.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import { Logs } from "./logs.tsx";
import styles from "./run.module.css";

/** What happened to the run beyond its steps, what people wrote about it, and what its code logged. */
export function History({ run }: { run: RunDetail }) {
  const isReadOnly = useReadOnly();
  const history = useQuery(reads.history(run.id));
  const logs = useQuery(reads.logs(run.id));
  return (
    <div className={styles.history}>
      <Loaded of={history} rows={3}>
        {({ items }) => (
          <ol aria-label="History">
            {items.map((entry, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: entries are only ever added
              <li key={i}>
                <Moment at={entry.at} isBare={true} />
                <strong>{entry.kind}</strong>
                <span>{words(entry)}</span>
              </li>
            ))}
          </ol>
        )}
      </Loaded>
      {isReadOnly ? null : <NewNote run={run} />}
      <h3>Logs</h3>
      <Logs lines={logs.data?.items ?? []} />
      {logs.data?.nextPageToken == null ? null : (
        <p className={partStyles.muted}>
          The first {logs.data.items.length} lines; all of them: <code>baton show {run.id}</code>
        </p>
      )}
    </div>
  );
}

function words({ actor, detail }: HistoryEntry): string {
  const said =
    detail === null || detail === undefined ? "" : typeof detail === "string" ? detail : JSON.stringify(detail);
  return plain([actor === null ? "" : `by ${actor}`, said === "{}" ? "" : said].filter(Boolean).join(": "));
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
        className={partStyles.input}
        aria-label="Note on this run"
        placeholder="A note for whoever looks at this run next"
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
