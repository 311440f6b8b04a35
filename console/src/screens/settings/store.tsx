import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { DoctorReport, FindingView } from "@wire/doctor.ts";
import type { StoreSizesView } from "@wire/store.ts";
import { useState } from "react";
import { reads } from "../../api/queries.ts";
import { Facts, pageStyles } from "../../parts/page.tsx";
import { Button, Pill, partStyles } from "../../parts/parts.tsx";
import { Loaded, Skeleton } from "../../parts/states.tsx";
import { Table } from "../../parts/table.tsx";
import { count, plain, plural, type Shown } from "../../parts/words.ts";
import { useReadOnly } from "../../shell/read-only.ts";
import { AsOf } from "./as-of.tsx";
import { bytes } from "./bytes.ts";
import { RepairSheet } from "./repair.tsx";
import styles from "./settings.module.css";

/** Is the store well, and what takes room in it? */
export function StorePart() {
  const doctor = useQuery({ ...reads.doctor(), staleTime: 60_000 });
  const sizes = useQuery({ ...reads.sizes(), staleTime: 60_000 });
  if (doctor.isPending && sizes.isPending) return <Skeleton rows={10} />;
  return (
    <>
      <h2>What the doctor says</h2>
      <Loaded of={doctor} rows={5}>
        {(report) => <Doctor report={report} at={doctor.dataUpdatedAt} onAsk={() => void doctor.refetch()} />}
      </Loaded>
      <h2>What takes room</h2>
      <Loaded of={sizes} rows={5}>
        {(data) => <Sizes sizes={data} />}
      </Loaded>
    </>
  );
}

const levels: Readonly<Record<FindingView["level"], Shown>> = {
  ok: { word: "Well", glyph: "✓", tone: "ok" },
  warn: { word: "Look at it", glyph: "!", tone: "warn" },
  bad: { word: "Wrong", glyph: "✕", tone: "bad" },
};

function Doctor({ report, at, onAsk }: { report: DoctorReport; at: number; onAsk: () => void }) {
  const isReadOnly = useReadOnly();
  const [isAsking, setAsking] = useState(false);
  const repairs = report.repairs.filter((repair) => repair.count > 0 && repair.mended === null);
  const wrong = report.findings.filter(({ level }) => level !== "ok");
  const well = report.findings.filter(({ level }) => level === "ok");
  return (
    <>
      <div className={pageStyles.line}>
        <AsOf at={at} onAsk={onAsk} />
        {isReadOnly || repairs.length === 0 ? null : (
          <Button look="primary" onClick={() => setAsking(true)}>
            Repair {plural(repairs.length, "thing")}…
          </Button>
        )}
      </div>
      {wrong.length === 0 ? (
        <p>
          <Pill shown={levels.ok} /> All {plural(report.findings.length, "finding")} are well.
        </p>
      ) : (
        <Findings findings={wrong} label="Findings that want a look" />
      )}
      {well.length === 0 ? null : (
        <details className={styles.well}>
          <summary>{plural(well.length, "finding")} that are well</summary>
          <Findings findings={well} label="Findings that are well" />
        </details>
      )}
      {isAsking ? <RepairSheet repairs={repairs} onClose={() => setAsking(false)} /> : null}
    </>
  );
}

function Findings({ findings, label }: { findings: readonly FindingView[]; label: string }) {
  return (
    <ul className={`${partStyles.panel} ${styles.findings}`} aria-label={label}>
      {findings.map((finding) => (
        <li key={`${finding.code} ${finding.what}`}>
          <Pill shown={levels[finding.level]} />
          <div>
            <p>
              {plain(finding.what)} <code className={partStyles.muted}>{finding.code}</code>
            </p>
            {finding.where.length === 0 ? null : <Where finding={finding} />}
            {finding.todo === null ? null : <p className={partStyles.muted}>{plain(finding.todo)}</p>}
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Ids of runs lead to them. */
function Where({ finding: { where, count: all } }: { finding: FindingView }) {
  return (
    <p className={styles.where}>
      {where.map((each) =>
        each.startsWith("run_") ? (
          <Link key={each} to="/runs/$id" params={{ id: each }}>
            {each}
          </Link>
        ) : (
          <code key={each}>{plain(each)}</code>
        ),
      )}
      {all > where.length ? <span>and {count(all - where.length)} more</span> : null}
    </p>
  );
}

const roomColumns = ["Runs", "Started in 24 h", "Steps", "Log lines", "Room", "Grown in 24 h"].map((name) => ({
  name,
  isNumber: true,
}));

function many(of: { readonly count: number; readonly bytes: number }): string {
  return `${count(of.count)} · ${bytes(of.bytes)}`;
}

function Sizes({ sizes }: { sizes: StoreSizesView }) {
  const isEstimate = sizes.definitions.some((each) => each.isEstimate) || sizes.events.isEstimate;
  return (
    <>
      <Facts
        facts={[
          { name: "File", value: bytes(sizes.bytes) },
          { name: "Free in it", value: bytes(sizes.freeBytes) },
          { name: "Log beside it", value: bytes(sizes.walBytes) },
          { name: "Events", value: `${sizes.events.isEstimate ? "about " : ""}${many(sizes.events)}` },
          { name: "Code of versions", value: many(sizes.artifacts) },
          { name: "Files of large values", value: many(sizes.files) },
        ]}
      />
      {sizes.definitions.length === 0 ? (
        <p className={partStyles.muted}>No run has been started yet.</p>
      ) : (
        <Table caption="Room by workflow, largest first" columns={["Workflow", ...roomColumns]}>
          {sizes.definitions.map((each) => (
            <tr key={each.definition}>
              <th scope="row" data-label="Workflow">
                <Link to="/workflows/$name" params={{ name: each.definition }}>
                  {each.definition}
                </Link>
              </th>
              <td data-label="Runs" data-number={true}>
                {count(each.runs)}
              </td>
              <td data-label="Started in 24 h" data-number={true}>
                {count(each.startedLastDay)}
              </td>
              <td data-label="Steps" data-number={true}>
                {each.isEstimate ? "≈ " : ""}
                {count(each.steps)}
              </td>
              <td data-label="Log lines" data-number={true}>
                {each.isEstimate ? "≈ " : ""}
                {count(each.logLines)}
              </td>
              <td data-label="Room" data-number={true}>
                {each.isEstimate ? "≈ " : ""}
                {bytes(each.bytes)}
              </td>
              <td data-label="Grown in 24 h" data-number={true}>
                {each.isEstimate ? "≈ " : ""}
                {bytes(each.grownLastDay)}
              </td>
            </tr>
          ))}
        </Table>
      )}
      {isEstimate ? <p className={partStyles.muted}>≈ is an estimate from samples; runs are counted exactly.</p> : null}
    </>
  );
}
