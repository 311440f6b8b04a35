import type { DoctorReport, RepairView } from "@wire/doctor.ts";
import { ConfirmDialog } from "../../actions/confirm-dialog.tsx";
import { post } from "../../api/client.ts";
import { invalidate, queries, queryClient } from "../../api/queries.ts";
import { escapeControls, formatNumber } from "../../components/text.ts";
import { announce } from "../../shell/announce.tsx";
import styles from "./settings.module.css";

/** Confirms repairs of the store. */
export function RepairDialog({ repairs, onClose }: { repairs: readonly RepairView[]; onClose: () => void }) {
  return (
    <ConfirmDialog
      title="Repair the store"
      label="Repair"
      description="Makes only these repairs:"
      onConfirm={(reason) => post<DoctorReport>("/api/doctor/repair", { reason })}
      onDone={(report) => {
        queryClient.setQueryData(queries.doctor().queryKey, report);
        const repaired = report.repairs.reduce((sum, repair) => sum + (repair.mended ?? 0), 0);
        announce(repaired === 0 ? "Nothing left to repair" : `Repaired ${formatNumber(repaired)}`);
        invalidate("doctor", "home", "audit");
      }}
      onClose={onClose}
    >
      <ul className={styles.repairs}>
        {repairs.map((repair) => (
          <li key={repair.repair}>
            <strong>{escapeControls(repair.what)}</strong> ({formatNumber(repair.count)}) <code>{repair.repair}</code>
            {repair.where.length === 0 ? null : (
              <p className={styles.where}>
                {repair.where.map((each) => (
                  <code key={each}>{escapeControls(each)}</code>
                ))}
                {repair.count > repair.where.length ? (
                  <span>and {formatNumber(repair.count - repair.where.length)} more</span>
                ) : null}
              </p>
            )}
          </li>
        ))}
      </ul>
    </ConfirmDialog>
  );
}
