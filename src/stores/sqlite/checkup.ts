import type { Checkup } from "../../kernel/model/doctor.ts";
import { defaults } from "../../kernel/model/limits.ts";
import { state } from "./codes.ts";
import type { Context } from "./context.ts";
import { fileBytes, walBytes } from "./file-bytes.ts";

const hourMs = 3_600_000;
/** A file that is larger is only read through when that is asked for. */
const quickCheckMax = 1024 * 1024 * 1024;
/** Files that are looked for unless all are to be read. */
const filesLookedFor = 10_000;

export function readCheckup(context: Context, { full }: { full: boolean }): Checkup {
  const { db } = context;
  const now = context.clock.now();
  const { bytes } = fileBytes(context);
  return {
    now,
    bytes,
    savedAt: db.get<{ last_at: number }>("select last_at from clock")?.last_at ?? 0,
    walBytes: walBytes(context),
    sqlite: db.get<{ v: string }>("select sqlite_version() as v")?.v ?? "",
    integrity: checkPages(context, full ? "full" : bytes > quickCheckMax ? "skipped" : "quick"),
    oldestReady:
      db.get<{ id: string; readyAt: number } & Record<string, unknown>>(
        `select r.id, l.ready_at as readyAt from live l join runs r on r.no = l.run
         where l.ready_at is not null and l.ready_at <= ? and l.state in (${state.ready}, ${state.parked}) order by l.ready_at limit 1`,
        now,
      ) ?? null,
    workers: db
      .all<{ name: string; expiresAt: number; dead: number; held: number }>(
        `select name, expires_at as expiresAt, is_dead as dead, (select count(*) from live where holder = incarnation) as held
         from workers where is_dead = 0 or incarnation in (select holder from live where holder is not null) order by incarnation limit 100`,
      )
      .map(({ dead, ...worker }) => ({ ...worker, isDead: dead === 1 })),
    unserved: countUnserved(context),
    deadLetters: countDead(context, Math.floor(now / hourMs)),
    lackingCode: findLackingCode(context),
    longHistories: db
      .all<{ id: string }>(
        "select r.id from live l join runs r on r.no = l.run where exists (select 1 from steps s where s.run = l.run and s.seq >= ?) limit 100",
        defaults.stepsWarnAt,
      )
      .map(({ id }) => id),
    crowdedEvents: db
      .all<{ name: string }>(
        "select name from event_shapes group by name having count(*) >= ? limit 100",
        defaults.matchShapesMax,
      )
      .map(({ name }) => name),
    unrouted: db.get<Checkup["unrouted"] & Record<string, unknown>>(
      "select count(*) as count, min(at) as oldestAt from (select at from events where is_routed = 0 order by no limit 10000)",
    ) ?? { count: 0, oldestAt: null },
    files: checkFiles(context, full),
  };
}

function checkPages({ db }: Context, how: Checkup["integrity"]["how"]): Checkup["integrity"] {
  if (how === "skipped") return { how, problems: [] };
  const pragma = how === "full" ? "integrity_check" : "quick_check";
  const rows = db.all<Record<string, string>>(`pragma ${pragma}(10)`).flatMap((row) => Object.values(row));
  return { how, problems: rows.filter((row) => row !== "ok") };
}

/** Ready runs whose version no worker has, by version. */
function countUnserved(context: Context): Checkup["unserved"] {
  return context.db
    .all<{ definition: number; n: number }>(
      `select definition, count(*) as n from live where state = ${state.ready} and reason is not null group by definition order by n desc limit 100`,
    )
    .map(({ definition, n }) => {
      const { name, version } = context.definitions.ref(definition);
      return { definition: name, version, count: n };
    });
}

function countDead({ db }: Context, hour: number): Checkup["deadLetters"] {
  const failed = (from: number, to: number): number =>
    db.get<{ n: number | null }>(
      "select sum(count) as n from hours where status = 'failed' and hour > ? and hour <= ?",
      from,
      to,
    )?.n ?? 0;
  return {
    count: db.get<{ n: number | null }>("select sum(count) as n from causes")?.n ?? 0,
    lastDay: failed(hour - 24, hour),
    dayBefore: failed(hour - 48, hour - 24),
  };
}

function findLackingCode(context: Context): Checkup["lackingCode"] {
  return context.db.all(
    `select d.name as definition, d.version, sum(c.count) as runs from definitions d join counters c on c.definition = d.no
     where d.fingerprint is not null and not exists (select 1 from artifacts a where a.hash = d.fingerprint)
       and c.status in ('pending', 'running', 'waiting', 'suspended', 'compensating')
     group by d.no having sum(c.count) > 0 limit 100`,
  );
}

/** Without `full` a file only has to be there; with it, its bytes must be those of its name. */
function checkFiles(context: Context, full: boolean): Checkup["files"] {
  const { db, files } = context;
  const sums = db.get<{ count: number; bytes: number }>(
    "select count(*) as count, coalesce(sum(bytes), 0) as bytes from payload_files",
  ) ?? { count: 0, bytes: 0 };
  const used = db.all<{ hash: string }>(
    "select hash from payload_files where exists (select 1 from payloads p where p.file = payload_files.hash) order by at desc limit ?",
    full ? -1 : filesLookedFor,
  );
  const missing = used.filter(({ hash }) => (full ? files.get(hash) === null : !files.has(hash)));
  return { ...sums, missing: missing.slice(0, 100).map(({ hash }) => usersOf(context, hash)) };
}

function usersOf({ db }: Context, hash: string): string {
  const [user] = db.all<{ id: string | null; slot: string }>(
    "select r.id, p.slot from payloads p left join runs r on r.no = p.run where p.file = ? limit 1",
    hash,
  );
  return `${user?.id ?? "an event"} ${user?.slot ?? ""}: ${hash}`;
}
