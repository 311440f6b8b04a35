import type { DoctorReport, RepairView } from "@wire/doctor.ts";
import { ConfirmSheet } from "../../acts/confirm-sheet.tsx";
import { post } from "../../api/client.ts";
import { invalidate, queryClient, reads } from "../../api/queries.ts";
import { count, plain } from "../../parts/words.ts";
import { announce } from "../../shell/announce.tsx";
import styles from "./settings.module.css";

/** Says what would be mended, and mends it. */
export function RepairSheet({ repairs, onClose }: { repairs: readonly RepairView[]; onClose: () => void }) {
  return (
    <ConfirmSheet
      title="Repair the store"
      label="Repair"
      does="This would be mended, and nothing else:"
      act={(reason) => post<DoctorReport>("/api/doctor/repair", { reason })}
      onDone={(report) => {
        queryClient.setQueryData(reads.doctor().queryKey, report);
        const mended = report.repairs.reduce((sum, repair) => sum + (repair.mended ?? 0), 0);
        announce(mended === 0 ? "Nothing was left to mend" : `Mended ${count(mended)}`);
        invalidate("doctor", "home", "audit");
      }}
      onClose={onClose}
    >
      <ul className={styles.repairs}>
        {repairs.map((repair) => (
          <li key={repair.repair}>
            <strong>{plain(repair.what)}</strong> ({count(repair.count)}) <code>{repair.repair}</code>
            {repair.where.length === 0 ? null : (
              <p className={styles.where}>
                {repair.where.map((each) => (
                  <code key={each}>{plain(each)}</code>
                ))}
                {repair.count > repair.where.length ? (
                  <span>and {count(repair.count - repair.where.length)} more</span>
                ) : null}
              </p>
            )}
          </li>
        ))}
      </ul>
    </ConfirmSheet>
  );
}
