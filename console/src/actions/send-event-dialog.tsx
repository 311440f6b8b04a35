import { useMutation } from "@tanstack/react-query";
import type { EventAccepted } from "@wire/event.ts";
import { useState } from "react";
import { post } from "../api/client.ts";
import { invalidate } from "../api/queries.ts";
import { Button, baseStyles } from "../components/basics.tsx";
import { Dialog } from "../components/dialog.tsx";
import { Problem } from "../components/states.tsx";
import { plural } from "../components/text.ts";
import { announce } from "../shell/announce.tsx";
import { parseJson } from "./input-editor.tsx";

/** Sends an event; the form is prefilled, for example with what a run waits for. */
export function SendEventDialog({ name, match, onClose }: { name: string; match: unknown; onClose: () => void }) {
  const [given, setGiven] = useState(name);
  const [text, setText] = useState(JSON.stringify(match ?? {}, null, 2));
  const value = parseJson(text);
  const send = useMutation({
    mutationFn: () =>
      post<EventAccepted>("/api/events", {
        name: given.trim(),
        source: "console",
        ...("value" in value ? { data: value.value } : {}),
      }),
    onSuccess: ({ matched }) => {
      announce(
        matched === 0
          ? `Sent ${given}: no run is waiting for it now; the event is kept`
          : `Sent ${given} to ${plural(matched, "run")}`,
      );
      invalidate("events", "run", "facets");
      onClose();
    },
  });
  const isReady = given.trim() !== "" && "value" in value && !send.isPending;
  return (
    <Dialog
      title="Send an event"
      onClose={onClose}
      onSubmit={() => isReady && send.mutate()}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" hint="Ctrl ↵" disabled={!isReady}>
            Send
          </Button>
        </>
      }
    >
      <label className={baseStyles.field}>
        <span>Name</span>
        <input
          className={baseStyles.input}
          data-first={true}
          value={given}
          onChange={(event) => setGiven(event.target.value)}
        />
      </label>
      <label className={baseStyles.field}>
        <span>Data (JSON)</span>
        <textarea
          className={baseStyles.code}
          rows={8}
          value={text}
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      {"problem" in value ? <p className={baseStyles.wrong}>Invalid JSON: {value.problem}</p> : null}
      <p className={baseStyles.muted}>
        The event wakes every run that waits for it and starts every workflow that it triggers. This cannot be undone.
      </p>
      {send.isError ? <Problem error={send.error} /> : null}
    </Dialog>
  );
}
