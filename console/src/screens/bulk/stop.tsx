import { useMutation } from "@tanstack/react-query";
import type { Bulk } from "@wire/bulk.ts";
import { useState } from "react";
import { post } from "../../api/client.ts";
import { invalidate, queryClient, reads } from "../../api/queries.ts";
import { Button, partStyles } from "../../parts/parts.tsx";
import { Sheet } from "../../parts/sheet.tsx";
import { Problem } from "../../parts/states.tsx";
import { announce } from "../../shell/announce.tsx";
import { bulkTitle, progressWords } from "../bulks/words.ts";

/** Asks before it stops an act: what it has done stays done. */
export function StopSheet({ bulk, onClose }: { bulk: Bulk; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const stop = useMutation({
    mutationFn: () =>
      post<Bulk>(
        `/api/bulk/${encodeURIComponent(bulk.id)}/stop`,
        reason.trim() === "" ? {} : { reason: reason.trim() },
      ),
    onSuccess: (after) => {
      queryClient.setQueryData(reads.bulk(bulk.id).queryKey, after);
      announce(`Stopped: ${progressWords(after)}`);
      invalidate("bulks", "audit");
      onClose();
    },
  });
  const isReady = !stop.isPending;
  return (
    <Sheet
      title={`Stop: ${bulkTitle(bulk)}`}
      onClose={onClose}
      onSubmit={() => isReady && stop.mutate()}
      foot={
        <>
          <Button onClick={onClose}>Let it go on</Button>
          <Button type="submit" look="danger" hint="Ctrl ↵" disabled={!isReady}>
            Stop it
          </Button>
        </>
      }
    >
      <p>What it has done stays done ({progressWords(bulk)}); the turn of the others does not come.</p>
      <label className={partStyles.field}>
        <span>Reason</span>
        <input
          className={partStyles.input}
          // biome-ignore lint/a11y/noAutofocus: the one field of this sheet
          autoFocus={true}
          value={reason}
          maxLength={1_000}
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      <p className={partStyles.muted}>
        A stopped act cannot go on; the same can be asked again. The audit keeps who stopped it.
      </p>
      {stop.isError ? <Problem error={stop.error} /> : null}
    </Sheet>
  );
}
