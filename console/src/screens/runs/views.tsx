import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { post } from "../../api/client.ts";
import { invalidate, queries } from "../../api/queries.ts";
import { Button, baseStyles } from "../../components/basics.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { Problem } from "../../components/states.tsx";
import { announce } from "../../shell/announce.tsx";
import { useReadOnly } from "../../shell/read-only.ts";

/** Saved filters, shared by all users of this store. */
export function Views({ query, onSelect }: { query: string; onSelect: (query: string) => void }) {
  const { data } = useQuery(queries.views());
  const isReadOnly = useReadOnly();
  const [isOpen, setOpen] = useState(false);
  const views = data?.items ?? [];
  const current = views.find((view) => view.query === query);
  return (
    <>
      {views.length === 0 ? null : (
        <select
          className={baseStyles.input}
          aria-label="Saved view"
          value={current?.id ?? ""}
          onChange={(event) => onSelect(views.find((view) => view.id === event.target.value)?.query ?? "")}
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
  const { data } = useQuery(queries.views());
  const [name, setName] = useState("");
  const save = useMutation({
    mutationFn: () => post("/api/views", { name: name.trim(), query }),
    onSuccess: () => {
      announce(`Saved view ${name.trim()}`);
      invalidate("views");
      onClose();
    },
  });
  const remove = useMutation({
    mutationFn: (id: string) => post(`/api/views/${encodeURIComponent(id)}/remove`),
    onSuccess: () => invalidate("views"),
  });
  return (
    <Dialog
      title="Save view"
      onClose={onClose}
      onSubmit={() => name.trim() !== "" && save.mutate()}
      foot={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="primary" disabled={name.trim() === "" || save.isPending}>
            Save
          </Button>
        </>
      }
    >
      <p>
        <code>{readable(query)}</code>
      </p>
      <label className={baseStyles.field}>
        <span>Name (visible to all users of this store)</span>
        <input
          className={baseStyles.input}
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
            <Button variant="quiet" aria-label={`Remove view ${view.name}`} onClick={() => remove.mutate(view.id)}>
              ✕
            </Button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
