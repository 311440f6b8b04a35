import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { Bulk, BulkBody, BulkFilter, BulkPreview, BulkVerb } from "@wire/bulk.ts";
import { useState } from "react";
import { post } from "../api/client.ts";
import { invalidate } from "../api/queries.ts";
import { baseStyles } from "../components/basics.tsx";
import { Problem } from "../components/states.tsx";
import { formatNumber, plural } from "../components/text.ts";
import { announce } from "../shell/announce.tsx";
import styles from "./actions.module.css";
import { ConfirmDialog } from "./confirm-dialog.tsx";
import { bulkActionTexts } from "./texts.ts";

/** A bulk operation that the user has chosen and not confirmed yet. */
export interface BulkRequest {
  readonly verb: BulkVerb;
  readonly filter: BulkFilter;
  /** The runs as text, such as "all 1,284 matching runs". */
  readonly scope: string;
}

/** Confirms a bulk operation: shows how many runs match, and asks for canary sizes, rate and reason. */
export function BulkDialog({ request, onClose }: { request: BulkRequest; onClose: () => void }) {
  const { verb, filter, scope } = request;
  const navigate = useNavigate();
  const [canary, setCanary] = useState(verb === "redrive" || verb === "resume" ? "1, 10" : "");
  const [rate, setRate] = useState("");
  const stages = canary
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(Number);
  const perSecond = rate.trim() === "" ? null : Number(rate);
  const problem = stages.some((n) => !Number.isInteger(n) || n < 1)
    ? "Canary sizes must be whole numbers, for example 1, 10"
    : perSecond !== null && !(perSecond > 0)
      ? "The rate must be a number above 0"
      : null;
  const preview = useQuery({
    queryKey: ["preview", "bulk", verb, filter],
    queryFn: () => post<BulkPreview>("/api/bulk", { verb, filter, dryRun: true } satisfies BulkBody),
    retry: false,
    staleTime: 0,
  });
  const submit = (reason: string | undefined): Promise<Bulk> =>
    post<Bulk>("/api/bulk", {
      verb,
      filter,
      ...(reason === undefined ? {} : { reason }),
      ...(stages.length === 0 ? {} : { canary: stages }),
      ...(perSecond === null ? {} : { rate: perSecond }),
    } satisfies BulkBody);
  const onDone = (bulk: Bulk): void => {
    announce(`${bulkActionTexts[verb].label}: started for ${plural(bulk.total, "run")}`);
    invalidate("groups", "home", "facets");
    void navigate({ to: "/bulk/$id", params: { id: bulk.id } });
  };
  const total = preview.data?.total ?? 0;
  const found = preview.data === undefined ? "counting…" : plural(total, "matching run");
  return (
    <ConfirmDialog
      title={`${bulkActionTexts[verb].label} ${scope}`}
      label={`${bulkActionTexts[verb].label}${preview.data === undefined ? "" : ` ${plural(total, "run")}`}`}
      cancelLabel={bulkActionTexts[verb].cancelLabel}
      description={bulkActionTexts[verb].description}
      consequences={
        preview.isError
          ? []
          : [
              { name: "Applies to", value: found },
              { name: "Order", value: orderWords(stages, perSecond) },
            ]
      }
      note="The set of runs is fixed at the start. You can stop the operation; completed actions are not reverted."
      onConfirm={submit}
      onDone={onDone}
      onClose={onClose}
      isReady={problem === null && total > 0}
      isReasonRequired={true}
    >
      {preview.isError ? <Problem error={preview.error} /> : null}
      <div className={styles.stages}>
        <label className={baseStyles.field}>
          <span>Canary sizes</span>
          <input
            className={baseStyles.input}
            value={canary}
            placeholder="1, 10"
            onChange={(event) => setCanary(event.target.value)}
          />
        </label>
        <label className={baseStyles.field}>
          <span>Runs per second</span>
          <input
            className={baseStyles.input}
            value={rate}
            inputMode="decimal"
            placeholder="unlimited"
            onChange={(event) => setRate(event.target.value)}
          />
        </label>
      </div>
      {problem === null ? null : <p className={baseStyles.wrong}>{problem}</p>}
    </ConfirmDialog>
  );
}

function orderWords(stages: readonly number[], perSecond: number | null): string {
  const at = perSecond === null ? "" : `, at most ${formatNumber(perSecond)} per second`;
  if (stages.length === 0) return `all runs${at}`;
  return `first ${stages.map(formatNumber).join(", then ")}; the rest only if none of those fails again${at}`;
}
