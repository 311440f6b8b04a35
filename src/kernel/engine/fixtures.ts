import type { Audit } from "../model/audit.ts";
import { BatonError, type ErrorRecord } from "../model/errors.ts";
import { fixtureFormat, fixtureVersion, type RunFixture } from "../model/fixture.ts";
import { entryKinds, type Journal, type RecordedEntry } from "../model/journal.ts";
import { defaults } from "../model/limits.ts";
import type { LeasedRun } from "../model/run.ts";
import { maskText } from "../model/sealed.ts";
import { moves, type RunStatus } from "../model/status.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../ports/store.ts";

/** Returns a run with its whole journal, as a value that can be written to a file. */
export async function exportRun(store: Store, id: string): Promise<RunFixture> {
  const detail = await store.query("run", { id });
  if (detail === null) throw new BatonError("not-found", `no run ${id}`, { hint: "list runs with: baton runs" });
  const { row, children } = detail;
  const [recorded, versions, output, stats] = await Promise.all([
    store.query("journal", { run: row.no }),
    store.query("versions", { name: row.definition.name }),
    store.query("output", { run: row.no }),
    store.query("stats", {}),
  ]);
  if (recorded === null)
    throw new BatonError("not-found", `run ${id} was removed`, { hint: "it was removed by retention" });
  const { run, journal, status } = recorded;
  const version = versions.find((each) => each.definition.version === row.definition.version);
  return {
    format: fixtureFormat,
    formatVersion: fixtureVersion,
    exportedAt: new Date(stats.now).toISOString(),
    definition: { ...row.definition, fingerprint: version?.fingerprint ?? null },
    run: {
      id: row.id,
      key: row.key,
      status,
      round: row.round,
      attributes: row.attributes,
      input: masked(run.input),
      output: status === "completed" ? masked(output) : null,
      error: row.error === null ? null : shownError(row.error),
      step: row.error?.step ?? null,
      reason: row.reason,
      createdAt: row.createdAt,
      endedAt: row.endedAt,
    },
    entries: journal.entries.map((entry) => ({ ...entry, value: shown(entry), input: masked(entry.input) })),
    attempts: journal.attempts.map((attempt) => ({
      ...attempt,
      error: attempt.error === null ? null : shownError(attempt.error),
    })),
    waits: journal.waits,
    children,
  };
}

/** A file may go anywhere: sealed values and their key are left out. */
function masked(text: string | null): string | null {
  return text === null ? null : maskText(text);
}

function shown({ outcome, value }: RecordedEntry): string | null {
  if (value === null || (outcome !== "error" && outcome !== "continued")) return masked(value);
  return JSON.stringify(shownError(JSON.parse(value) as ErrorRecord));
}

function shownError({ sealed: _sealed, ...error }: ErrorRecord): ErrorRecord {
  return error;
}

/** Imports an exported run into this store, as ended. Returns its id here. */
export async function importRun(store: Store, random: Random, fixture: RunFixture, audit: Audit): Promise<string> {
  const outcome = await store.commit({ kind: "import", id: `run_${random.uuid()}`, fixture, audit });
  return outcome.imported;
}

/** The input of a rehearsal, for a run that is in no store. */
export function recordedOf(fixture: RunFixture): { run: LeasedRun; journal: Journal; status: RunStatus } {
  const { run, definition, entries, attempts, waits } = fixture;
  const { kind, name, version } = definition;
  return {
    status: run.status,
    run: {
      no: 0,
      id: run.id,
      fence: 0,
      round: run.round,
      definition: { kind, name, version },
      input: run.input,
      key: run.key,
      createdAt: run.createdAt,
      isFresh: false,
      isUnclean: false,
      uncleanCount: 0,
      compensation: null,
      deadlineAt: null,
    },
    journal: { entries, attempts, waits, arrivals: [] },
  };
}

/** Checks a value that was parsed from a file. Throws `invalid-fixture` with the problem. */
export function readFixture(value: unknown): RunFixture {
  const fixture = value as Partial<RunFixture> | null;
  if (typeof fixture !== "object" || fixture === null || fixture.format !== fixtureFormat)
    throw invalid("it is not a file written by baton export");
  const { formatVersion = 0 } = fixture;
  if (formatVersion > fixtureVersion)
    throw invalid(
      `its format ${formatVersion} is newer than the supported format ${fixtureVersion}`,
      "use the Baton version that wrote it",
    );
  const { definition, run, entries, attempts, waits, children } = fixture;
  const hasParts = [entries, attempts, waits, children].every((part) => Array.isArray(part));
  if (typeof definition?.name !== "string" || typeof run?.id !== "string" || !hasParts)
    throw invalid("parts of the file are missing");
  const read = fixture as RunFixture;
  checkParts(read);
  return read;
}

/** Checks every stored field: what is stored must be readable again. */
function checkParts({ definition, run, entries, attempts, waits, children }: RunFixture): void {
  const isText = (value: unknown): boolean => typeof value === "string" && value.isWellFormed();
  const isName = (value: unknown): boolean => isText(value) && (value as string).length <= defaults.keyMax;
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  const isJson = (value: unknown): boolean => value === null || (isText(value) && isJsonText(value as string));
  const isError = (value: unknown): boolean =>
    value === null || (typeof value === "object" && isText((value as { message?: unknown }).message));
  const need = (isRight: boolean, place: string): void => {
    if (!isRight) throw invalid(`${place} is not valid`);
  };
  need(definitionKinds.has(definition.kind) && isName(definition.name) && isCount(definition.version), "definition");
  need(isName(run.id) && (run.key === null || isName(run.key)), "run");
  need(runStatuses.has(run.status) && isCount(run.round), "run");
  need(isJson(run.input) && isJson(run.output) && isError(run.error), "run");
  need(
    run.attributes === null || (typeof run.attributes === "object" && !Array.isArray(run.attributes)),
    "run.attributes",
  );
  need(entries.length <= 2 * defaults.stepsMax, "entries");
  let before = 0;
  for (const [i, entry] of entries.entries()) {
    need(isCount(entry.seq) && entry.seq > before && isText(entry.key), `entries[${i}]`);
    need(kinds.has(entry.kind) && outcomes.has(entry.outcome), `entries[${i}]`);
    need(isJson(entry.value) && isJson(entry.input), `entries[${i}]`);
    need([entry.attempts, entry.tookMs, entry.at].every(isCount), `entries[${i}]`);
    before = entry.seq;
  }
  for (const [i, attempt] of attempts.entries()) {
    need(isText(attempt.key) && typeof attempt.charged === "boolean" && isText(attempt.outcome), `attempts[${i}]`);
    need(isError(attempt.error), `attempts[${i}]`);
    need([attempt.number, attempt.round, attempt.tookMs, attempt.at].every(isCount), `attempts[${i}]`);
  }
  need(waits.every((wait) => isText(wait.key)) && children.every((child) => isText(child.id)), "waits or children");
}

const definitionKinds: ReadonlySet<string> = new Set(["automation", "sync", "task", "workflow"]);
const runStatuses: ReadonlySet<string> = new Set(Object.keys(moves));
const kinds: ReadonlySet<string> = new Set(entryKinds);
const outcomes: ReadonlySet<string> = new Set(["ok", "error", "continued", "abandoned"]);

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function invalid(what: string, hint = "export the run again: baton export RUN --out FILE"): BatonError {
  return new BatonError("invalid-fixture", `this file cannot be imported: ${what}`, { hint });
}
