import { defaults } from "../../kernel/model/limits.ts";
import type { RunRow } from "../../kernel/model/run.ts";
import type { RunFilter } from "../../kernel/ports/queries.ts";
import type { RunSummary } from "../../wire/run.ts";
import type { Services } from "../services.ts";
import { summaryView } from "../views/run.ts";
import { csvLine } from "./csv.ts";

type Format = "csv" | "ndjson";

const types: Readonly<Record<Format, string>> = {
  csv: "text/csv; charset=utf-8",
  ndjson: "application/x-ndjson",
};

const columns = [
  "id",
  "name",
  "version",
  "status",
  "key",
  "reason",
  "step",
  "error",
  "fingerprint",
  "stepsDone",
  "round",
  "startedBy",
  "parentId",
  "createdAt",
  "endedAt",
  "attributes",
] as const;

/**
 * Streams runs as a file. A page is read only after the previous one was sent, so a slow reader costs no memory, and a
 * reader that disconnects costs nothing more. Sensitive values are masked as in lists.
 */
export function exportRuns(
  services: Services,
  filter: Omit<RunFilter, "before" | "limit">,
  format: Format,
  isHead: boolean,
  max: number = defaults.exportMax,
): Response {
  const headers = {
    "content-type": types[format],
    "content-disposition": `attachment; filename="runs.${format}"`,
    "x-baton-rows-max": String(max),
  };
  if (isHead) return new Response(null, { headers });
  const parts = partsOf(services, filter, format, max);
  const bytes = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { value, done } = await parts.next();
        if (done === true) controller.close();
        else controller.enqueue(bytes.encode(value));
      },
      cancel: async () => {
        await parts.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers });
}

async function* partsOf(
  { store }: Services,
  filter: Omit<RunFilter, "before" | "limit">,
  format: Format,
  max: number,
): AsyncGenerator<string, undefined, undefined> {
  if (format === "csv") yield csvLine(columns);
  let before: number | null = null;
  for (let left = max; ; ) {
    const limit = Math.min(defaults.exportPage, left);
    const rows: readonly RunRow[] = await store.query("runs", { ...filter, before, limit: limit + 1 });
    const shown = rows.slice(0, limit);
    if (shown.length > 0) yield shown.map((row) => lineOf(summaryView(row), format)).join("");
    left -= shown.length;
    before = shown.at(-1)?.no ?? before;
    if (rows.length <= limit) return undefined;
    if (left === 0) {
      yield cutLine(format, max);
      return undefined;
    }
  }
}

/** The last line of a truncated file. */
function cutLine(format: Format, max: number): string {
  const text = `cut after ${max} rows: narrow the filter`;
  return format === "csv"
    ? csvLine(columns.map((_, i) => (i === 0 ? text : null)))
    : `${JSON.stringify({ cut: text })}\n`;
}

function lineOf(run: RunSummary, format: Format): string {
  if (format === "ndjson") return `${JSON.stringify(run)}\n`;
  const cells: Readonly<Record<(typeof columns)[number], string | number | null>> = {
    id: run.id,
    name: run.name,
    version: run.version,
    status: run.status,
    key: run.key,
    reason: run.reasonText,
    step: run.error?.step ?? null,
    error: run.error?.message ?? null,
    fingerprint: run.fingerprint,
    stepsDone: run.stepsDone,
    round: run.round,
    startedBy: run.startedBy.by,
    parentId: run.parentId,
    createdAt: run.createdAt,
    endedAt: run.endedAt,
    attributes: run.attributes === null ? null : JSON.stringify(run.attributes),
  };
  return csvLine(columns.map((column) => cells[column]));
}
