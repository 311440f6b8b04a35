import { useMutation } from "@tanstack/react-query";
import type { EventAccepted } from "@wire/event.ts";
import { useState } from "react";
import { post } from "../api/client.ts";
import { invalidate } from "../api/queries.ts";
import { Button, partStyles } from "../parts/parts.tsx";
import { Sheet } from "../parts/sheet.tsx";
import { Problem } from "../parts/states.tsx";
import { plural } from "../parts/words.ts";
import { announce } from "../shell/announce.tsx";
import { readJson } from "./input-editor.tsx";

/** Sends an event, prefilled with what somebody waits for. It is on disk when the answer comes. */
export function SendEvent({ name, match, onClose }: { name: string; match: unknown; onClose: () => void }) {
  const [given, setGiven] = useState(name);
  const [text, setText] = useState(JSON.stringify(match ?? {}, null, 2));
  const value = readJson(text);
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
          ? `Sent ${given}: nobody waits for it now; it is kept`
          : `Sent ${given}: it reached ${plural(matched, "run")}`,
      );
      invalidate("events", "run", "facets");
      onClose();
    },
  });
  const isReady = given.trim() !== "" && "value" in value && !send.isPending;
  return (
    <Sheet
      title="Send an event"
      onClose={onClose}
      onSubmit={() => isReady && send.mutate()}
      foot={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" look="primary" hint="Ctrl ↵" disabled={!isReady}>
            Send
          </Button>
        </>
      }
    >
      <label className={partStyles.field}>
        <span>Name</span>
        <input
          className={partStyles.input}
          data-first={true}
          value={given}
          onChange={(event) => setGiven(event.target.value)}
        />
      </label>
      <label className={partStyles.field}>
        <span>Data (JSON)</span>
        <textarea
          className={partStyles.code}
          rows={8}
          value={text}
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      {"problem" in value ? <p className={partStyles.wrong}>This is no JSON yet: {value.problem}</p> : null}
      <p className={partStyles.muted}>
        It wakes every run that waits for it, and starts what it triggers. It cannot be taken back.
      </p>
      {send.isError ? <Problem error={send.error} /> : null}
    </Sheet>
  );
}
