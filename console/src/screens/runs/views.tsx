import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { post } from "../../api/client.ts";
import { invalidate, reads } from "../../api/queries.ts";
import { Button, partStyles } from "../../parts/parts.tsx";
import { Sheet } from "../../parts/sheet.tsx";
import { Problem } from "../../parts/states.tsx";
import { announce } from "../../shell/announce.tsx";
import { useReadOnly } from "../../shell/read-only.ts";

/** Filters under a name, for all who use this store. */
export function Views({ query, onChoose }: { query: string; onChoose: (query: string) => void }) {
  const { data } = useQuery(reads.views());
  const isReadOnly = useReadOnly();
  const [isOpen, setOpen] = useState(false);
  const views = data?.items ?? [];
  const chosen = views.find((view) => view.query === query);
  return (
    <>
      {views.length === 0 ? null : (
        <select
          className={partStyles.input}
          aria-label="Saved view"
          value={chosen?.id ?? ""}
          onChange={(event) => onChoose(views.find((view) => view.id === event.target.value)?.query ?? "")}
        >
          <option value="">Saved views</option>
          {views.map((view) => (
            <option key={view.id} value={view.id}>
              {view.name}
            </option>
          ))}
        </select>
      )}
      {isReadOnly ? null : <Button onClick={() => setOpen(true)}>Save view</Button>}
      {isOpen ? <SaveView query={query} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function readable(query: string): string {
  const { q = "", ...times } = Object.fromEntries(new URLSearchParams(query));
  const parts = [q, ...Object.entries(times).map(([name, value]) => `${name} ${value}`)].filter((part) => part !== "");
  return parts.length === 0 ? "all runs" : parts.join(" ");
}

function SaveView({ query, onClose }: { query: string; onClose: () => void }) {
  const { data } = useQuery(reads.views());
  const [name, setName] = useState("");
  const save = useMutation({
    mutationFn: () => post("/api/views", { name: name.trim(), query }),
    onSuccess: () => {
      announce(`Saved the view ${name.trim()}`);
      invalidate("views");
      onClose();
    },
  });
  const remove = useMutation({
    mutationFn: (id: string) => post(`/api/views/${encodeURIComponent(id)}/remove`),
    onSuccess: () => invalidate("views"),
  });
  return (
    <Sheet
      title="Save view"
      onClose={onClose}
      onSubmit={() => name.trim() !== "" && save.mutate()}
      foot={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" look="primary" disabled={name.trim() === "" || save.isPending}>
            Save
          </Button>
        </>
      }
    >
      <p>
        <code>{readable(query)}</code>
      </p>
      <label className={partStyles.field}>
        <span>Name, seen by all who use this store</span>
        <input
          className={partStyles.input}
          data-first={true}
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      {save.isError ? <Problem error={save.error} /> : null}
      <ul>
        {(data?.items ?? []).map((view) => (
          <li key={view.id}>
            {view.name} <code>{readable(view.query)}</code> · {view.createdBy}{" "}
            <Button look="quiet" aria-label={`Remove the view ${view.name}`} onClick={() => remove.mutate(view.id)}>
              ✕
            </Button>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}
