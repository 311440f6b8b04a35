import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { DoctorReport, FindingView } from "@wire/doctor.ts";
import type { StoreSizesView } from "@wire/store.ts";
import { useState } from "react";
import { queries } from "../../api/queries.ts";
import { Button, baseStyles, Pill } from "../../components/basics.tsx";
import { Facts, pageStyles } from "../../components/page.tsx";
import { Loaded, Skeleton } from "../../components/states.tsx";
import type { Badge } from "../../components/status.ts";
import { Table } from "../../components/table.tsx";
import { escapeControls, formatNumber, plural } from "../../components/text.ts";
import { useReadOnly } from "../../shell/read-only.ts";
import { AsOf } from "./as-of.tsx";
import { formatBytes } from "./format-bytes.ts";
import { RepairDialog } from "./repair-dialog.tsx";
import styles from "./settings.module.css";

/** Health checks and storage use of the store. */
export function StorePart() {
  const doctor = useQuery({ ...queries.doctor(), staleTime: 60_000 });
  const sizes = useQuery({ ...queries.sizes(), staleTime: 60_000 });
  if (doctor.isPending && sizes.isPending) return <Skeleton rows={10} />;
  return (
    <>
      <h2>Health checks</h2>
      <Loaded query={doctor} rows={5}>
        {(report) => <Doctor report={report} at={doctor.dataUpdatedAt} onAsk={() => void doctor.refetch()} />}
      </Loaded>
      <h2>Storage use</h2>
      <Loaded query={sizes} rows={5}>
        {(data) => <Sizes sizes={data} />}
      </Loaded>
    </>
  );
}

const levels: Readonly<Record<FindingView["level"], Badge>> = {
  ok: { label: "OK", glyph: "✓", tone: "ok" },
  warn: { label: "Warning", glyph: "!", tone: "warn" },
  bad: { label: "Problem", glyph: "✕", tone: "bad" },
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
          <Button variant="primary" onClick={() => setAsking(true)}>
            Run {plural(repairs.length, "repair")}…
          </Button>
        )}
      </div>
      {wrong.length === 0 ? (
        <p>
          <Pill badge={levels.ok} /> All {plural(report.findings.length, "check")} passed.
        </p>
      ) : (
        <Findings findings={wrong} label="Findings that need attention" />
      )}
      {well.length === 0 ? null : (
        <details className={styles.well}>
          <summary>Show {plural(well.length, "passed check")}</summary>
          <Findings findings={well} label="Passed checks" />
        </details>
      )}
      {isAsking ? <RepairDialog repairs={repairs} onClose={() => setAsking(false)} /> : null}
    </>
  );
}

function Findings({ findings, label }: { findings: readonly FindingView[]; label: string }) {
  return (
    <ul className={`${baseStyles.panel} ${styles.findings}`} aria-label={label}>
      {findings.map((finding) => (
        <li key={`${finding.code} ${finding.what}`}>
          <Pill badge={levels[finding.level]} />
          <div>
            <p>
              {escapeControls(finding.what)} <code className={baseStyles.muted}>{finding.code}</code>
            </p>
            {finding.where.length === 0 ? null : <Where finding={finding} />}
            {finding.todo === null ? null : <p className={baseStyles.muted}>{escapeControls(finding.todo)}</p>}
          </div>
        </li>
      ))}
    </ul>
  );
}

/** The affected objects; run ids are links. */
function Where({ finding: { where, count: all } }: { finding: FindingView }) {
  return (
    <p className={styles.where}>
      {where.map((each) =>
        each.startsWith("run_") ? (
          <Link key={each} to="/runs/$id" params={{ id: each }}>
            {each}
          </Link>
        ) : (
          <code key={each}>{escapeControls(each)}</code>
        ),
      )}
      {all > where.length ? <span>and {formatNumber(all - where.length)} more</span> : null}
    </p>
  );
}

const sizeColumns = ["Runs", "Started, 24 h", "Steps", "Log lines", "Size", "Growth, 24 h"].map((name) => ({
  name,
  isNumber: true,
}));

function countAndSize(of: { readonly count: number; readonly bytes: number }): string {
  return `${formatNumber(of.count)} · ${formatBytes(of.bytes)}`;
}

function Sizes({ sizes }: { sizes: StoreSizesView }) {
  const isEstimate = sizes.definitions.some((each) => each.isEstimate) || sizes.events.isEstimate;
  return (
    <>
      <Facts
        facts={[
          { name: "File", value: formatBytes(sizes.bytes) },
          { name: "Free space in file", value: formatBytes(sizes.freeBytes) },
          { name: "Write-ahead log", value: formatBytes(sizes.walBytes) },
          { name: "Events", value: `${sizes.events.isEstimate ? "about " : ""}${countAndSize(sizes.events)}` },
          { name: "Version code", value: countAndSize(sizes.artifacts) },
          { name: "Files for large values", value: countAndSize(sizes.files) },
        ]}
      />
      {sizes.definitions.length === 0 ? (
        <p className={baseStyles.muted}>No runs yet.</p>
      ) : (
        <Table caption="Storage by workflow, largest first" columns={["Workflow", ...sizeColumns]}>
          {sizes.definitions.map((each) => (
            <tr key={each.definition}>
              <th scope="row" data-label="Workflow">
                <Link to="/workflows/$name" params={{ name: each.definition }}>
                  {each.definition}
                </Link>
              </th>
              <td data-label="Runs" data-number={true}>
                {formatNumber(each.runs)}
              </td>
              <td data-label="Started, 24 h" data-number={true}>
                {formatNumber(each.startedLastDay)}
              </td>
              <td data-label="Steps" data-number={true}>
                {each.isEstimate ? "≈ " : ""}
                {formatNumber(each.steps)}
              </td>
              <td data-label="Log lines" data-number={true}>
                {each.isEstimate ? "≈ " : ""}
                {formatNumber(each.logLines)}
              </td>
              <td data-label="Size" data-number={true}>
                {each.isEstimate ? "≈ " : ""}
                {formatBytes(each.bytes)}
              </td>
              <td data-label="Growth, 24 h" data-number={true}>
                {each.isEstimate ? "≈ " : ""}
                {formatBytes(each.grownLastDay)}
              </td>
            </tr>
          ))}
        </Table>
      )}
      {isEstimate ? <p className={baseStyles.muted}>≈ marks estimates from samples; run counts are exact.</p> : null}
    </>
  );
}
