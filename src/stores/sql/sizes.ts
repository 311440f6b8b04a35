import type { DefinitionSizes, StoreSizes } from "../../kernel/ports/queries.ts";
import type { Context } from "./context.ts";
import { mapWork, type Work } from "./work.ts";

/** Number of sampled runs per definition version, spread evenly, so that old and new runs count equally. */
const samples = 100;
const hourMs = 3_600_000;

/**
 * What uses space. Run counts are exact. Steps and bytes are estimated from samples, since exact sums would read the
 * whole file.
 */
export function* readSizes(context: Context): Work<StoreSizes> {
  const now = context.clock.now();
  return {
    now,
    ...(yield* context.facts.bytes()),
    walBytes: yield* context.facts.walBytes(),
    definitions: yield* readDefinitions(context, Math.floor(now / hourMs)),
    events: yield* readEvents(context),
    artifacts: yield* sumOf(context, "artifacts"),
    files: yield* sumOf(context, "payload_files"),
  };
}

function* sumOf({ db }: Context, table: "artifacts" | "payload_files"): Work<{ count: number; bytes: number }> {
  return (
    (yield* db.get<{ count: number; bytes: number }>(
      `select count(*) as count, coalesce(sum(bytes), 0) as bytes from ${table}`,
    )) ?? { count: 0, bytes: 0 }
  );
}

function* readDefinitions(context: Context, hour: number): Work<readonly DefinitionSizes[]> {
  const versions = yield* mapWork(yield* context.definitions.numbered(), function* ({ no }) {
    return yield* sizesOf(context, no, hour);
  });
  return [...Map.groupBy(versions, (sizes) => sizes.definition).values()]
    .map((same) => same.reduce(add))
    .toSorted((a, b) => bytesOf(b) - bytesOf(a));
}

function bytesOf(sizes: DefinitionSizes): number {
  return sizes.inlineBytes + sizes.payloadBytes + sizes.fileBytes + sizes.logBytes;
}

function add(a: DefinitionSizes, b: DefinitionSizes): DefinitionSizes {
  return {
    definition: a.definition,
    runs: a.runs + b.runs,
    startedLastDay: a.startedLastDay + b.startedLastDay,
    sampled: a.sampled + b.sampled,
    steps: a.steps + b.steps,
    inlineBytes: a.inlineBytes + b.inlineBytes,
    payloadBytes: a.payloadBytes + b.payloadBytes,
    fileBytes: a.fileBytes + b.fileBytes,
    logLines: a.logLines + b.logLines,
    logBytes: a.logBytes + b.logBytes,
    grownLastDay: a.grownLastDay + b.grownLastDay,
  };
}

interface RunSizes {
  steps: number;
  inline: number;
  payloads: number;
  files: number;
  lines: number;
  logs: number;
}

function* sizesOf(context: Context, definition: number, hour: number): Work<DefinitionSizes> {
  const { db } = context;
  const runs = (yield* db.get<{ n: number | null }>(
    "select sum(count) as n from counters where definition = ?",
    definition,
  ))?.n;
  const started = (yield* db.get<{ n: number | null }>(
    "select sum(count) as n from hours where definition = ? and status = 'started' and hour > ?",
    definition,
    hour - 24,
  ))?.n;
  const sampled = yield* mapWork(yield* sampleRuns(context, definition), function* (run) {
    return yield* measure(context, run);
  });
  // If every run is sampled, the result is exact.
  const factor = sampled.length === 0 ? 0 : (runs ?? 0) / sampled.length;
  const total = (of: keyof RunSizes): number => Math.round(sampled.reduce((sum, run) => sum + run[of], 0) * factor);
  const sizes = {
    definition: (yield* context.definitions.ref(definition)).name,
    runs: runs ?? 0,
    startedLastDay: started ?? 0,
    sampled: sampled.length,
    steps: total("steps"),
    inlineBytes: total("inline"),
    payloadBytes: total("payloads"),
    fileBytes: total("files"),
    logLines: total("lines"),
    logBytes: total("logs"),
    grownLastDay: 0,
  };
  const perRun = sizes.runs === 0 ? 0 : bytesOf(sizes) / sizes.runs;
  return { ...sizes, grownLastDay: Math.round(perRun * sizes.startedLastDay) };
}

/** Run numbers, evenly spread. Each is one index lookup. */
function* sampleRuns({ db }: Context, definition: number): Work<readonly number[]> {
  const ends = yield* db.get<{ first: number | null; last: number | null }>(
    "select (select min(no) from runs where definition = ?1) as first, (select max(no) from runs where definition = ?1) as last",
    definition,
  );
  if (ends === undefined || ends.first === null || ends.last === null) return [];
  const { first, last } = ends;
  const found = yield* mapWork(
    Array.from({ length: samples }, (_, i) => i),
    function* (i) {
      const from = first + Math.floor(((last - first) * i) / (samples - 1));
      return (yield* db.get<{ no: number }>(
        "select no from runs where definition = ? and no >= ? order by no limit 1",
        definition,
        from,
      ))?.no;
    },
  );
  return [...new Set(found.filter((no) => no !== undefined))];
}

function* measure({ db }: Context, run: number): Work<RunSizes> {
  const sizes = yield* db.get<RunSizes & Record<string, unknown>>(
    `select
       (select count(*) from steps where run = ?1) as steps,
       (select coalesce(sum(octet_length(input)), 0) + coalesce(sum(octet_length(output)), 0) + coalesce(sum(octet_length(error)), 0) + 200 from runs where no = ?1)
         + (select coalesce(sum(coalesce(octet_length(value), 0) + coalesce(octet_length(input), 0) + octet_length(key) + 40), 0) from steps where run = ?1) as inline,
       (select coalesce(sum(octet_length(body)), 0) from payloads where run = ?1) as payloads,
       (select coalesce(sum(f.bytes), 0) from payloads p join payload_files f on f.hash = p.file where p.run = ?1) as files,
       (select count(*) from logs where run = ?1) as lines,
       (select coalesce(sum(octet_length(message) + coalesce(octet_length(data), 0) + 40), 0) from logs where run = ?1) as logs`,
    run,
  );
  return sizes ?? { steps: 0, inline: 0, payloads: 0, files: 0, lines: 0, logs: 0 };
}

function* readEvents({ db }: Context): Work<StoreSizes["events"]> {
  const ends = yield* db.get<{ first: number | null; last: number | null }>(
    "select (select min(no) from events) as first, (select max(no) from events) as last",
  );
  if (ends === undefined || ends.first === null || ends.last === null) return { count: 0, bytes: 0, isEstimate: false };
  const count = ends.last - ends.first + 1;
  const sample = (yield* db.get<{ n: number; bytes: number }>(
    `select count(*) as n, coalesce(sum(coalesce(octet_length(data), 0) + octet_length(name) + octet_length(id) + 40
         + coalesce((select octet_length(body) from payloads where run = 0 and slot = 'event:' || e.no), 0)), 0) as bytes
     from (select no, id, name, data from events order by no desc limit 500) e`,
  )) ?? { n: 0, bytes: 0 };
  const isEstimate = sample.n < count;
  return { count, bytes: isEstimate ? Math.round((sample.bytes / sample.n) * count) : sample.bytes, isEstimate };
}
