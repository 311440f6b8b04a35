import { useNavigate } from "@tanstack/react-router";
import { type BulkFilter, type BulkVerb, bulkVerbs } from "@wire/bulk.ts";
import { useState } from "react";
import type { BulkRequest } from "../../actions/bulk-dialog.tsx";
import { bulkActionTexts } from "../../actions/texts.ts";
import { Button } from "../../components/basics.tsx";
import { parseFilter } from "../../components/filter.ts";
import { pageStyles } from "../../components/page.tsx";
import { formatNumber, plural } from "../../components/text.ts";
import { useReadOnly } from "../../shell/read-only.ts";
import styles from "./runs.module.css";
import { SelectionDialog } from "./selection-dialog.tsx";
import type { TimeRange } from "./time-range.ts";

/** Converts the list filter for a bulk operation. Null if it has words, attributes or a version, which these do not support. */
export function bulkFilterOf(q: string, times: TimeRange): BulkFilter | null {
  const { fields, words } = parseFilter(q);
  const { attribute, version, name, key, fingerprint, status } = fields;
  if (words !== "" || attribute !== undefined || version !== undefined) return null;
  return {
    ...(name === undefined ? {} : { name }),
    ...(key === undefined ? {} : { key }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(status === undefined ? {} : { status: status as NonNullable<BulkFilter["status"]> }),
    ...(times.from === undefined ? {} : { createdFrom: times.from }),
    ...(times.to === undefined ? {} : { createdTo: times.to }),
  };
}

/** Actions on the selected runs one by one, or on all matching runs as a bulk operation. */
export function SelectionBar({
  ids,
  onDone,
  onBulk,
  filter,
  total,
}: {
  ids: readonly string[];
  onDone: () => void;
  onBulk: (request: BulkRequest) => void;
  filter: BulkFilter | null;
  total: number;
}) {
  const navigate = useNavigate();
  const isReadOnly = useReadOnly();
  const [verb, setVerb] = useState<BulkVerb>("resume");
  const [isAsking, setAsking] = useState(false);
  return (
    <span className={`${pageStyles.line} ${styles.selectionBar}`}>
      {formatNumber(ids.length)} selected
      {isReadOnly ? null : (
        <>
          <select aria-label="Action" value={verb} onChange={(event) => setVerb(event.target.value as BulkVerb)}>
            {bulkVerbs.map((each) => (
              <option key={each} value={each}>
                {bulkActionTexts[each].label}
              </option>
            ))}
          </select>
          <Button onClick={() => setAsking(true)}>
            {bulkActionTexts[verb].label} {plural(ids.length, "selected run")}…
          </Button>
        </>
      )}
      {ids.length === 2 ? (
        <Button onClick={() => void navigate({ to: "/compare", search: { a: ids[0], b: ids[1] } })}>
          Compare both
        </Button>
      ) : null}
      {filter === null || isReadOnly ? null : (
        <Button onClick={() => onBulk({ verb, filter, scope: `all ${plural(total, "matching run")}` })}>
          {bulkActionTexts[verb].label} all {plural(total, "matching run")}…
        </Button>
      )}
      <Button variant="quiet" onClick={onDone}>
        Clear selection
      </Button>
      {isAsking ? <SelectionDialog ids={ids} verb={verb} onDone={onDone} onClose={() => setAsking(false)} /> : null}
    </span>
  );
}
