import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { Bulk, BulkBody, BulkFilter, BulkPreview, BulkVerb } from "@wire/bulk.ts";
import { useState } from "react";
import { post } from "../api/client.ts";
import { invalidate } from "../api/queries.ts";
import { partStyles } from "../parts/parts.tsx";
import { Problem } from "../parts/states.tsx";
import { count, plural } from "../parts/words.ts";
import { announce } from "../shell/announce.tsx";
import styles from "./acts.module.css";
import { ConfirmSheet } from "./confirm-sheet.tsx";
import { bulkWords } from "./words.ts";

/** Which runs, in words, such as "all 1,284 that match, last 24 h". */
export interface BulkAsked {
  readonly verb: BulkVerb;
  readonly filter: BulkFilter;
  readonly scope: string;
}

/** A verb for many runs: counts first, tries a few, then the rest at a rate; it is an act of the store with its own page. */
export function BulkSheet({ asked, onClose }: { asked: BulkAsked; onClose: () => void }) {
  const { verb, filter, scope } = asked;
  const navigate = useNavigate();
  const [canary, setCanary] = useState(verb === "redrive" || verb === "resume" ? "1, 10" : "");
  const [rate, setRate] = useState("");
  const stages = canary
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(Number);
  const perSecond = rate.trim() === "" ? null : Number(rate);
  const problem = stages.some((n) => !Number.isInteger(n) || n < 1)
    ? "Stages are whole numbers, such as 1, 10"
    : perSecond !== null && !(perSecond > 0)
      ? "The rate is a number above 0"
      : null;
  const preview = useQuery({
    queryKey: ["preview", "bulk", verb, filter],
    queryFn: () => post<BulkPreview>("/api/bulk", { verb, filter, dryRun: true } satisfies BulkBody),
    retry: false,
    staleTime: 0,
  });
  const act = (reason: string | undefined): Promise<Bulk> =>
    post<Bulk>("/api/bulk", {
      verb,
      filter,
      ...(reason === undefined ? {} : { reason }),
      ...(stages.length === 0 ? {} : { canary: stages }),
      ...(perSecond === null ? {} : { rate: perSecond }),
    } satisfies BulkBody);
  const onDone = (bulk: Bulk): void => {
    announce(`${bulkWords[verb].label}: ${plural(bulk.total, "run")} under way`);
    invalidate("groups", "home", "facets");
    void navigate({ to: "/bulk/$id", params: { id: bulk.id } });
  };
  const total = preview.data?.total ?? 0;
  const found = preview.data === undefined ? "counting…" : `${plural(total, "run")} that match now: ${scope}`;
  return (
    <ConfirmSheet
      title={`${bulkWords[verb].label} ${scope}`}
      label={`${bulkWords[verb].label}${preview.data === undefined ? "" : ` ${plural(total, "run")}`}`}
      leave="Leave them"
      does={bulkWords[verb].does}
      consequences={
        preview.isError
          ? []
          : [
              { name: "It is for", value: found },
              { name: "In what order", value: orderWords(stages, perSecond) },
            ]
      }
      note="The runs are chosen once, when it begins. It can be stopped; what it has done stays done."
      act={act}
      onDone={onDone}
      onClose={onClose}
      isReady={problem === null && total > 0}
      isReasonNeeded={true}
    >
      {preview.isError ? <Problem error={preview.error} /> : null}
      <div className={styles.stages}>
        <label className={partStyles.field}>
          <span>Try so many first</span>
          <input
            className={partStyles.input}
            value={canary}
            placeholder="1, 10"
            onChange={(event) => setCanary(event.target.value)}
          />
        </label>
        <label className={partStyles.field}>
          <span>Runs a second</span>
          <input
            className={partStyles.input}
            value={rate}
            inputMode="decimal"
            placeholder="as fast as it goes"
            onChange={(event) => setRate(event.target.value)}
          />
        </label>
      </div>
      {problem === null ? null : <p className={partStyles.wrong}>{problem}</p>}
    </ConfirmSheet>
  );
}

function orderWords(stages: readonly number[], perSecond: number | null): string {
  const at = perSecond === null ? "" : `, at most ${count(perSecond)} a second`;
  if (stages.length === 0) return `all of them${at}`;
  return `first ${stages.map(count).join(", then ")}; the rest only when none of those has failed again${at}`;
}
