import { useNavigate } from "@tanstack/react-router";
import { type BulkFilter, type BulkVerb, bulkVerbs } from "@wire/bulk.ts";
import { useState } from "react";
import type { BulkAsked } from "../../acts/bulk-sheet.tsx";
import { bulkWords } from "../../acts/words.ts";
import { parseFilter } from "../../parts/filter.ts";
import { pageStyles } from "../../parts/page.tsx";
import { Button } from "../../parts/parts.tsx";
import { count, plural } from "../../parts/words.ts";
import { useReadOnly } from "../../shell/read-only.ts";
import { ChosenSheet } from "./chosen-sheet.tsx";
import styles from "./runs.module.css";
import type { Times } from "./times.ts";

/** A bulk act takes a filter of fields alone: words and attributes it does not know, and then there is none. */
export function bulkFilterOf(q: string, times: Times): BulkFilter | null {
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

/** What may be asked of the chosen rows, one by one, or of all that match, as one act of the store. */
export function Chosen({
  ids,
  onDone,
  onBulk,
  filter,
  total,
}: {
  ids: readonly string[];
  onDone: () => void;
  onBulk: (asked: BulkAsked) => void;
  filter: BulkFilter | null;
  total: number;
}) {
  const navigate = useNavigate();
  const isReadOnly = useReadOnly();
  const [verb, setVerb] = useState<BulkVerb>("resume");
  const [isAsking, setAsking] = useState(false);
  return (
    <span className={`${pageStyles.line} ${styles.chosen}`}>
      {count(ids.length)} chosen
      {isReadOnly ? null : (
        <>
          <select aria-label="Verb" value={verb} onChange={(event) => setVerb(event.target.value as BulkVerb)}>
            {bulkVerbs.map((each) => (
              <option key={each} value={each}>
                {bulkWords[each].label}
              </option>
            ))}
          </select>
          <Button onClick={() => setAsking(true)}>
            {bulkWords[verb].label} {plural(ids.length, "chosen run")}…
          </Button>
        </>
      )}
      {ids.length === 2 ? (
        <Button onClick={() => void navigate({ to: "/compare", search: { a: ids[0], b: ids[1] } })}>
          Compare the two
        </Button>
      ) : null}
      {filter === null || isReadOnly ? null : (
        <Button onClick={() => onBulk({ verb, filter, scope: `all ${count(total)} that match` })}>
          {bulkWords[verb].label} all {count(total)} that match…
        </Button>
      )}
      <Button look="quiet" onClick={onDone}>
        Choose none
      </Button>
      {isAsking ? <ChosenSheet ids={ids} verb={verb} onDone={onDone} onClose={() => setAsking(false)} /> : null}
    </span>
  );
}
