import type { Bulk } from "@wire/bulk.ts";
import { ConfirmDialog } from "../../actions/confirm-dialog.tsx";
import { post } from "../../api/client.ts";
import { invalidate, queries, queryClient } from "../../api/queries.ts";
import { announce } from "../../shell/announce.tsx";
import { bulkTitle, progressText } from "../bulk-operations/text.ts";

/** Confirms stopping a bulk operation; completed actions are not reverted. */
export function StopDialog({ bulk, onClose }: { bulk: Bulk; onClose: () => void }) {
  return (
    <ConfirmDialog
      title={`Stop bulk operation: ${bulkTitle(bulk)}`}
      label="Stop"
      cancelLabel="Keep running"
      description={`Completed actions are not reverted (${progressText(bulk)}). The remaining runs are not processed.`}
      note="A stopped operation cannot be resumed, but you can start the same one again."
      onConfirm={(reason) => post<Bulk>(`/api/bulk/${encodeURIComponent(bulk.id)}/stop`, { reason })}
      onDone={(after) => {
        queryClient.setQueryData(queries.bulk(bulk.id).queryKey, after);
        announce(`Stopped: ${progressText(after)}`);
        invalidate("bulks", "audit");
      }}
      onClose={onClose}
      isDanger={true}
    />
  );
}
