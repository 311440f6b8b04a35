import { useMutation } from "@tanstack/react-query";
import type { DoctorReport, RepairView } from "@wire/doctor.ts";
import { useState } from "react";
import { post } from "../../api/client.ts";
import { invalidate, queryClient, reads } from "../../api/queries.ts";
import { Button, partStyles } from "../../parts/parts.tsx";
import { Sheet } from "../../parts/sheet.tsx";
import { Problem } from "../../parts/states.tsx";
import { count, plain } from "../../parts/words.ts";
import { announce } from "../../shell/announce.tsx";
import styles from "./settings.module.css";

/** Says what would be mended, and mends it. */
export function RepairSheet({ repairs, onClose }: { repairs: readonly RepairView[]; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const mend = useMutation({
    mutationFn: () => post<DoctorReport>("/api/doctor/repair", reason.trim() === "" ? {} : { reason: reason.trim() }),
    onSuccess: (report) => {
      queryClient.setQueryData(reads.doctor().queryKey, report);
      const mended = report.repairs.reduce((sum, repair) => sum + (repair.mended ?? 0), 0);
      announce(mended === 0 ? "Nothing was left to mend" : `Mended ${count(mended)}`);
      invalidate("doctor", "home", "audit");
      onClose();
    },
  });
  return (
    <Sheet
      title="Repair the store"
      onClose={onClose}
      onSubmit={() => !mend.isPending && mend.mutate()}
      foot={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button type="submit" look="primary" hint="Ctrl ↵" disabled={mend.isPending}>
            Repair
          </Button>
        </>
      }
    >
      <p>This would be mended, and nothing else:</p>
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
      <p className={partStyles.muted}>The audit keeps who did it, when and why.</p>
      {mend.isError ? <Problem error={mend.error} /> : null}
    </Sheet>
  );
}
