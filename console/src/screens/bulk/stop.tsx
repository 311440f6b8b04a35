import type { Bulk } from "@wire/bulk.ts";
import { ConfirmSheet } from "../../acts/confirm-sheet.tsx";
import { post } from "../../api/client.ts";
import { invalidate, queryClient, reads } from "../../api/queries.ts";
import { announce } from "../../shell/announce.tsx";
import { bulkTitle, progressWords } from "../bulks/words.ts";

/** Asks before it stops an act: what it has done stays done. */
export function StopSheet({ bulk, onClose }: { bulk: Bulk; onClose: () => void }) {
  return (
    <ConfirmSheet
      title={`Stop: ${bulkTitle(bulk)}`}
      label="Stop it"
      leave="Let it go on"
      does={`What it has done stays done (${progressWords(bulk)}); the turn of the others does not come.`}
      note="A stopped act cannot go on; the same can be asked again."
      act={(reason) => post<Bulk>(`/api/bulk/${encodeURIComponent(bulk.id)}/stop`, { reason })}
      onDone={(after) => {
        queryClient.setQueryData(reads.bulk(bulk.id).queryKey, after);
        announce(`Stopped: ${progressWords(after)}`);
        invalidate("bulks", "audit");
      }}
      onClose={onClose}
      isDanger={true}
    />
  );
}
