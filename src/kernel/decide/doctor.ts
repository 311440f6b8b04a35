import {
  type Checkup,
  type Finding,
  type FindingLevel,
  type HostFacts,
  type InvariantViolation,
  type RepairCode,
  repairCodes,
  type ViolationCode,
} from "../model/doctor.ts";

/** What the doctor has read. `violations` is null if the rows could not be read. */
export interface Evidence {
  readonly checkup: Checkup | null;
  readonly violations: readonly InvariantViolation[] | null;
  readonly schema: { readonly found: number; readonly known: number } | null;
  readonly host: HostFacts | null;
  /** Why the store could not be read. */
  readonly unreadable: { readonly message: string; readonly hint: string | null } | null;
}

const mebibyte = 1024 * 1024;
const sqliteMin = [3, 51, 3] as const;
/** The oldest version that all tests run on. */
const postgresMin = 15;
const nodeMin = 26;
const diskMin = { bytes: 1024 * mebibyte, share: 0.05 };
/** The log is truncated to 64 MiB whenever no reader holds it open. */
const walMaxBytes = 256 * mebibyte;
const readyMaxMs = 5 * 60_000;
const unroutedMaxMs = 60_000;
const clockMaxMs = 1_000;
/** Fewer in a day do not count as growth. */
const deadLettersMin = 10;

/** The repair for each violation; null: a person must investigate. */
const repairFor: Readonly<Record<ViolationCode, RepairCode | null>> = {
  "not-queued": "requeue",
  "queued-at-rest": "requeue",
  "ready-without-time": "requeue",
  "held-and-idle": "requeue",
  "leased-by-nobody": "free-leases",
  "works-without-slot": "free-leases",
  "slot-of-idle": "take-slots-back",
  "in-line-and-working": "take-slots-back",
  "free-slot-in-line": "hand-out-slots",
  "nothing-wakes-it": "wake-parked",
  "wakes-too-late": "wake-parked",
  "parked-over-unread": "wake-parked",
  "failed-and-forgotten": "mend-dead-letters",
  "dead-letter-of-none": "mend-dead-letters",
  "recorded-twice": null,
  "waits-for-none": null,
  "call-untold": "wake-parked",
  miscounted: "recount",
  "miscounted-hour": "recount",
  "miscounted-cause": "recount",
  "schedule-without-timer": "set-timers",
  "schedule-waits-twice": null,
};

/** Evaluates the evidence: one finding for each check, worst first. */
export function diagnose(evidence: Evidence): readonly Finding[] {
  const { checkup, violations, schema, host, unreadable } = evidence;
  const findings = [
    ...(host === null ? [] : hostFindings(host)),
    ...(unreadable === null
      ? []
      : [finding("bad", "store-unreadable", unreadable.message, { todo: unreadable.hint ?? "check the file" })]),
    ...(schema === null ? [] : [schemaFinding(schema)]),
    ...(checkup === null ? [] : storeFindings(checkup, host)),
    ...(violations === null ? [] : violationFindings(violations)),
  ];
  const order: readonly FindingLevel[] = ["bad", "warn", "ok"];
  return findings.toSorted((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}

/** The repairs for these violations, each with the violations it is for, in the order in which they are done. */
export function planRepairs(
  violations: readonly InvariantViolation[],
): readonly { readonly repair: RepairCode; readonly violations: readonly InvariantViolation[] }[] {
  return repairCodes
    .map((repair) => ({ repair, violations: violations.filter((violation) => repairFor[violation.code] === repair) }))
    .filter((each) => each.violations.length > 0);
}

function finding(
  level: FindingLevel,
  code: string,
  what: string,
  more: { where?: readonly string[]; count?: number; todo?: string; repair?: RepairCode | null } = {},
): Finding {
  const where = more.where ?? [];
  return {
    level,
    code,
    what,
    where: where.slice(0, 10),
    count: more.count ?? where.length,
    todo: more.todo ?? null,
    repair: more.repair ?? null,
  };
}

/** A store reports its database: a bare SQLite version, or `PostgreSQL` with the server's version. */
function versionFinding(version: string): Finding {
  const server = /^PostgreSQL (\d+)/.exec(version)?.[1];
  if (server !== undefined)
    return Number(server) >= postgresMin
      ? finding("ok", "postgres-version", version)
      : finding("bad", "postgres-version", `${version} is too old`, {
          todo: `use PostgreSQL ${postgresMin} or newer`,
        });
  return isAtLeast(version, sqliteMin)
    ? finding("ok", "sqlite-version", `SQLite ${version}`)
    : finding("bad", "sqlite-version", `SQLite ${version} can corrupt its files`, { todo: "use Node 26" });
}

function hostFindings(host: HostFacts): readonly Finding[] {
  return [
    Number(host.node.split(".")[0]) >= nodeMin
      ? finding("ok", "node-version", `Node ${host.node}`)
      : finding("bad", "node-version", `Node ${host.node} is too old`, { todo: `use Node ${nodeMin} or newer` }),
    fileSystemFinding(host),
    diskFinding(host),
    openersFinding(host),
    host.owner === null || host.owner.isAlive
      ? finding(
          "ok",
          "owner",
          host.owner === null ? "no process has the store open" : `process ${host.owner.pid} has the store open`,
        )
      : finding("warn", "owner", `process ${host.owner.pid} had the store open and exited without closing it`, {
          todo: "no action needed: the next start takes over at once and releases its runs",
        }),
    Math.abs(host.clockJumpMs) < clockMaxMs
      ? finding("ok", "clock-jump", "the clock has not been changed since this process started")
      : finding("warn", "clock-jump", `the clock was changed by ${host.clockJumpMs} ms since this process started`, {
          todo: "synchronise the clock by NTP with slewing; timers follow it",
        }),
  ];
}

function fileSystemFinding({ fileSystem, path }: HostFacts): Finding {
  if (fileSystem === null) return finding("ok", "file-system", "the file system type is unknown on this platform");
  if (fileSystem.isRemote)
    return finding("bad", "file-system", `the store is on ${fileSystem.name}, which can corrupt it`, {
      where: [path],
      todo: "move it to a local disk",
    });
  if (fileSystem.isFleeting)
    return finding(
      "warn",
      "file-system",
      `the store is on ${fileSystem.name}, which is lost with its container or machine`,
      {
        where: [path],
        todo: "move it to a persistent volume",
      },
    );
  return finding("ok", "file-system", fileSystem.name);
}

function diskFinding({ disk, path }: HostFacts): Finding {
  if (disk === null) return finding("ok", "disk-space", "unknown on this platform");
  const share = disk.totalBytes === 0 ? 1 : disk.freeBytes / disk.totalBytes;
  const what = `${mib(disk.freeBytes)} MiB free, ${Math.floor(share * 100)} %`;
  if (share >= diskMin.share && disk.freeBytes >= diskMin.bytes) return finding("ok", "disk-space", what);
  return finding("warn", "disk-space", what, {
    where: [path],
    todo: "free disk space or shorten retention: a full disk stops all runs",
  });
}

function openersFinding({ openers }: HostFacts): Finding {
  if (openers === null) return finding("ok", "foreign-openers", "unknown on this platform");
  if (openers.length === 0) return finding("ok", "foreign-openers", "no other process has the file open");
  return finding("warn", "foreign-openers", "other processes have the file open", {
    where: openers.map(({ pid, command }) => `${pid} ${command}`),
    todo: "open it only with SQLite 3.51.3 or newer, and only for reading; older versions can corrupt it",
  });
}

function schemaFinding({ found, known }: { found: number; known: number }): Finding {
  if (found === known) return finding("ok", "schema", `schema ${found}`);
  if (found > known)
    return finding(
      "bad",
      "schema",
      `the store has schema ${found}, but this Baton version supports schemas up to ${known}`,
      {
        todo: "use the newer Baton version, or restore the backup that it made",
      },
    );
  return finding("warn", "schema", `the store has schema ${found} and is migrated to ${known} when it is opened`, {
    todo: "to migrate now: baton db migrate; it makes a backup first",
  });
}

function storeFindings(checkup: Checkup, host: HostFacts | null): readonly Finding[] {
  const { now } = checkup;
  return [
    versionFinding(checkup.sqlite),
    integrityFinding(checkup),
    checkup.walBytes <= walMaxBytes
      ? finding("ok", "wal-size", `the write-ahead log is ${mib(checkup.walBytes)} MiB`)
      : finding("warn", "wal-size", `the write-ahead log is ${mib(checkup.walBytes)} MiB`, {
          todo: "find the process that keeps a read transaction open: the log cannot shrink until it ends",
        }),
    ...(host === null ? [] : [clockFinding(checkup, host)]),
    workersFinding(checkup),
    checkup.oldestReady === null || now - checkup.oldestReady.readyAt < readyMaxMs
      ? finding("ok", "oldest-ready", "no run has waited long for a worker")
      : finding(
          "warn",
          "oldest-ready",
          `a run has been waiting for a worker for ${seconds(now - checkup.oldestReady.readyAt)} s`,
          {
            where: [checkup.oldestReady.id],
            todo: "start a worker (baton start), or check what keeps it busy (baton runs --status running)",
          },
        ),
    listed("warn", "no-worker", "runs are waiting for a version that no worker has", {
      where: checkup.unserved.map(({ definition, version }) => `${definition} version ${version}`),
      count: checkup.unserved.reduce((sum, each) => sum + each.count, 0),
      todo: "find the reason with: baton versions",
      fine: "every run has a worker for its version",
    }),
    deadLettersFinding(checkup),
    listed("bad", "lacking-code", "versions with runs in flight have no code in the store", {
      where: checkup.lackingCode.map(({ definition, version }) => `${definition} version ${version}`),
      count: checkup.lackingCode.reduce((sum, each) => sum + each.runs, 0),
      todo: "deploy them again from their source, or move their runs: baton versions NAME --move",
      fine: "the code of every version in use is available",
    }),
    listed("warn", "long-history", "runs have used half of their step limit", {
      where: checkup.longHistories,
      todo: "use ctx.continueAsNew or child runs: a run fails at 10,000 steps",
      fine: "no run is near its step limit",
    }),
    listed("warn", "event-shapes", "an event name has waits with too many different match fields", {
      where: checkup.crowdedEvents,
      todo: "match waits for one event by the same fields: more than 8 combinations are refused",
      fine: "no event name has waits with too many different match fields",
    }),
    checkup.unrouted.oldestAt === null || now - checkup.unrouted.oldestAt < unroutedMaxMs
      ? finding("ok", "unrouted-events", "all events delivered")
      : finding("warn", "unrouted-events", "events are waiting for a worker that has their workflows", {
          count: checkup.unrouted.count,
          todo: "start a worker: baton start",
        }),
    listed("bad", "held-events", "events are held: their evaluation ended or blocked its process three times", {
      where: checkup.heldEvents.newest.map(({ no, name }) => `${name} ${no}`),
      count: checkup.heldEvents.count,
      todo: "fix the input schema, key or limits of their workflows, then: baton events retry NUMBER",
      fine: "no event is held",
    }),
    listed("bad", "lost-files", "files of large values are missing", {
      where: checkup.files.missing,
      todo: "restore them from a backup, into the folder next to the store",
      fine: `no file of the store is missing (${checkup.files.count} files)`,
    }),
  ];
}

function listed(
  level: FindingLevel,
  code: string,
  what: string,
  { where, count, todo, fine }: { where: readonly string[]; count?: number; todo: string; fine: string },
): Finding {
  if (where.length === 0) return finding("ok", code, fine);
  return finding(level, code, what, { where, todo, ...(count === undefined ? {} : { count }) });
}

function integrityFinding({ integrity }: Checkup): Finding {
  const { how, problems } = integrity;
  if (how === "skipped")
    return finding("ok", "integrity", "not checked: the file is larger than 1 GiB", {
      todo: "to check it: baton doctor --full",
    });
  if (problems.length === 0)
    return finding("ok", "integrity", how === "full" ? "every page and index is intact" : "every page is intact");
  return finding("bad", "integrity", `the file is damaged: ${problems[0]}`, {
    where: problems,
    todo: "stop Baton, keep a copy of the file, restore a backup: baton db restore",
  });
}

function clockFinding({ savedAt }: Checkup, { wall }: HostFacts): Finding {
  const aheadMs = savedAt - wall;
  if (aheadMs < clockMaxMs) return finding("ok", "clock", "the store time matches the clock of this machine");
  return finding("warn", "clock", `the store time is ${seconds(aheadMs)} s ahead of the clock of this machine`, {
    todo: "correct the clock; until it catches up, the store time advances on its own and schedules start early by this difference",
  });
}

function workersFinding({ workers, now }: Checkup): Finding {
  const gone = workers.filter((worker) => worker.held > 0 && (worker.isDead || worker.expiresAt <= now));
  return listed("warn", "dead-workers", "runs are leased by workers that are gone", {
    where: gone.map((worker) => worker.name),
    count: gone.reduce((sum, worker) => sum + worker.held, 0),
    todo: "start a worker: it releases them at once",
    fine: "no run is leased by a worker that is gone",
  });
}

function deadLettersFinding({ deadLetters }: Checkup): Finding {
  const { count, lastDay, dayBefore } = deadLetters;
  const what = `dead letters: ${count}; runs failed in the last day: ${lastDay}, in the day before: ${dayBefore}`;
  const isGrowing = lastDay >= deadLettersMin && lastDay > 2 * dayBefore;
  if (!isGrowing) return finding("ok", "dead-letters", what, { count });
  return finding("warn", "dead-letters", what, { count, todo: "list them by error with: baton dead-letters" });
}

function violationFindings(violations: readonly InvariantViolation[]): readonly Finding[] {
  if (violations.length === 0)
    return [finding("ok", "queue", "every run is in exactly one state, and every counter is correct")];
  return [...Map.groupBy(violations, (violation) => violation.code)].map(([code, same]) => {
    const repair = repairFor[code];
    return finding("bad", code, same[0]?.problem ?? code, {
      where: same.map((violation) => violation.id),
      todo: repair === null ? "please report this bug" : "baton doctor --repair",
      repair,
    });
  });
}

function isAtLeast(version: string, least: readonly number[]): boolean {
  const parts = version.split(".").map(Number);
  const i = least.findIndex((number, place) => (parts[place] ?? 0) !== number);
  return i < 0 || (parts[i] ?? 0) > (least[i] ?? 0);
}

function mib(bytes: number): number {
  return Math.round(bytes / mebibyte);
}

function seconds(ms: number): number {
  return Math.round(ms / 1_000);
}
