import type { Checkup } from "../../kernel/model/doctor.ts";
import { defaults } from "../../kernel/model/limits.ts";
import { routing, state } from "./codes.ts";
import type { Context } from "./context.ts";
import { mapWork, type Work } from "./work.ts";

const hourMs = 3_600_000;
/** Larger files are read completely only on request. */
const quickCheckMax = 1024 * 1024 * 1024;
/** Number of files whose existence is checked, unless all are to be read. */
const filesChecked = 10_000;

export function* readCheckup(context: Context, { full }: { full: boolean }): Work<Checkup> {
  const { db } = context;
  const now = context.clock.now();
  const { bytes } = yield* context.facts.bytes();
  return {
    now,
    bytes,
    savedAt: (yield* db.get<{ last_at: number }>("select last_at from clock"))?.last_at ?? 0,
    walBytes: yield* context.facts.walBytes(),
    sqlite: yield* context.facts.version(),
    integrity: yield* checkPages(context, full ? "full" : bytes > quickCheckMax ? "skipped" : "quick"),
    oldestReady:
      (yield* db.get<{ id: string; readyAt: number } & Record<string, unknown>>(
        `select r.id, l.ready_at as readyAt from live l join runs r on r.no = l.run
         where l.ready_at is not null and l.ready_at <= ? and l.state in (${state.ready}, ${state.parked}) order by l.ready_at, l.run limit 1`,
        now,
      )) ?? null,
    workers: (yield* db.all<{ name: string; expiresAt: number; dead: number; held: number }>(
      `select name, expires_at as expiresAt, is_dead as dead, (select count(*) from live where holder = incarnation) as held
         from workers where is_dead = 0 or incarnation in (select holder from live where holder is not null) order by started_at, name limit 100`,
    )).map(({ dead, ...worker }) => ({ ...worker, isDead: dead === 1 })),
    unserved: yield* countUnserved(context),
    deadLetters: yield* countDead(context, Math.floor(now / hourMs)),
    lackingCode: yield* findLackingCode(context),
    longHistories: (yield* db.all<{ id: string }>(
      "select r.id from live l join runs r on r.no = l.run where exists (select 1 from steps s where s.run = l.run and s.seq >= ?) limit 100",
      defaults.stepsWarnAt,
    )).map(({ id }) => id),
    crowdedEvents: (yield* db.all<{ name: string }>(
      "select name from event_shapes group by name having count(*) >= ? limit 100",
      defaults.matchShapesMax,
    )).map(({ name }) => name),
    unrouted: (yield* db.get<Checkup["unrouted"] & Record<string, unknown>>(
      "select count(*) as count, min(at) as oldestAt from (select at from events where is_routed = 0 order by no limit 10000) oldest",
    )) ?? { count: 0, oldestAt: null },
    heldEvents: {
      count:
        (yield* db.get<{ n: number }>(
          `select count(*) as n from (select 1 from events where is_routed = ${routing.held} limit 10000) held`,
        ))?.n ?? 0,
      newest: yield* db.all<{ no: number; name: string }>(
        `select no, name from events where is_routed = ${routing.held} order by no desc limit 100`,
      ),
    },
    files: yield* checkFiles(context, full),
  };
}

function* checkPages({ facts }: Context, how: Checkup["integrity"]["how"]): Work<Checkup["integrity"]> {
  if (how === "skipped") return { how, problems: [] };
  return { how, problems: yield* facts.damages(how) };
}

/** Ready runs whose version no worker has, by version. */
function* countUnserved(context: Context): Work<Checkup["unserved"]> {
  return yield* mapWork(
    yield* context.db.all<{ definition: number; n: number }>(
      `select definition, count(*) as n from live where state = ${state.ready} and reason is not null group by definition order by n desc limit 100`,
    ),
    function* ({ definition, n }) {
      const { name, version } = yield* context.definitions.ref(definition);
      return { definition: name, version, count: n };
    },
  );
}

function* countDead({ db }: Context, hour: number): Work<Checkup["deadLetters"]> {
  const failed = function* (from: number, to: number): Work<number> {
    return (
      (yield* db.get<{ n: number | null }>(
        "select sum(count) as n from hours where status = 'failed' and hour > ? and hour <= ?",
        from,
        to,
      ))?.n ?? 0
    );
  };
  return {
    count: (yield* db.get<{ n: number | null }>("select sum(count) as n from causes"))?.n ?? 0,
    lastDay: yield* failed(hour - 24, hour),
    dayBefore: yield* failed(hour - 48, hour - 24),
  };
}

function* findLackingCode(context: Context): Work<Checkup["lackingCode"]> {
  return yield* context.db.all(
    `select d.name as definition, d.version, sum(c.count) as runs from definitions d join counters c on c.definition = d.no
     where d.fingerprint is not null and not exists (select 1 from artifacts a where a.hash = d.fingerprint)
       and c.status in ('pending', 'running', 'waiting', 'suspended', 'compensating')
     group by d.no having sum(c.count) > 0 limit 100`,
  );
}

/** Without `full` a file only has to exist. With it, the content must match the hash in its name. */
function* checkFiles(context: Context, full: boolean): Work<Checkup["files"]> {
  const { db, files } = context;
  const sums = (yield* db.get<{ count: number; bytes: number }>(
    "select count(*) as count, coalesce(sum(bytes), 0) as bytes from payload_files",
  )) ?? { count: 0, bytes: 0 };
  const used = yield* db.all<{ hash: string }>(
    "select hash from payload_files where exists (select 1 from payloads p where p.file = payload_files.hash) order by at desc limit ?",
    full ? Number.MAX_SAFE_INTEGER : filesChecked,
  );
  const missing = used.filter(({ hash }) => (full ? files.get(hash) === null : !files.has(hash)));
  return {
    ...sums,
    missing: yield* mapWork(missing.slice(0, 100), function* ({ hash }) {
      return yield* usersOf(context, hash);
    }),
  };
}

function* usersOf({ db }: Context, hash: string): Work<string> {
  const [user] = yield* db.all<{ id: string | null; slot: string }>(
    "select r.id, p.slot from payloads p left join runs r on r.no = p.run where p.file = ? limit 1",
    hash,
  );
  return `${user?.id ?? "an event"} ${user?.slot ?? ""}: ${hash}`;
}
