import { decideVersions, unneededArtifacts, type VersionDecision } from "../../kernel/decide/version.ts";
import type { RunStatus } from "../../kernel/model/status.ts";
import type {
  Artifact,
  Deploy,
  DeployedVersion,
  KnownVersion,
  MoveRun,
  SetVersion,
  SignVersions,
  VersionOutcome,
  VersionRow,
  VersionTransition,
  WantedVersion,
} from "../../kernel/model/version.ts";
import { unreachable } from "../../stdx/assert.ts";
import { byteLength } from "../../stdx/json.ts";
import { audit } from "./audit.ts";
import { state } from "./codes.ts";
import type { Context } from "./context.ts";
import { liveRow, remark, statusOf } from "./live-row.ts";
import { filterWork, mapWork, type Work } from "./work.ts";

/** Changes to versions. Each change is one transaction and safe to repeat. */
export function* changeVersions(context: Context, transition: VersionTransition, at: number): Work<VersionOutcome> {
  switch (transition.kind) {
    case "deploy":
      return yield* deploy(context, transition, at);
    case "sign":
      return yield* sign(context, transition, at);
    case "set-version":
      return yield* setVersion(context, transition, at);
    case "move":
      return yield* moveRun(context, transition, at);
    default:
      return unreachable(transition);
  }
}

function* deploy(context: Context, transition: Deploy, at: number): Work<VersionOutcome> {
  for (const artifact of transition.artifacts) yield* keepArtifact(context, artifact, at);
  const byName = Map.groupBy(transition.definitions, (each) => `${each.kind} ${each.name}`);
  const versions = (yield* mapWork([...byName.values()], function* (wanted) {
    return yield* deployName(context, wanted, transition, at);
  })).flat();
  return { ok: true, at, versions };
}

/** An existing row that differs is corrected, since the hash determines its content. */
function* keepArtifact(context: Context, { hash, body, externals }: Artifact, at: number): Work<void> {
  yield* context.db.run(
    `insert into artifacts (hash, body, externals, bytes, created_at) values (?, ?, ?, ?, ?)
     on conflict (hash) do update set body = excluded.body, externals = excluded.externals, bytes = excluded.bytes
     where artifacts.body <> excluded.body or artifacts.externals <> excluded.externals`,
    hash,
    body,
    JSON.stringify(externals),
    byteLength(body),
    at,
  );
}

function* deployName(
  context: Context,
  wanted: readonly WantedVersion[],
  { isRequested, actor }: Deploy,
  at: number,
): Work<DeployedVersion[]> {
  const [first] = wanted;
  if (first === undefined) return [];
  const known = (yield* readKnown(context, first.name)).filter((each) => each.definition.kind === first.kind);
  return yield* mapWork(decideVersions(known, wanted, isRequested), function* (decision) {
    const { isNew, version } = yield* applyDecision(context, decision, at);
    if (isNew || isRequested) yield* auditVersion(context, actor, "deploy", version.definition, at);
    return version;
  });
}

function* applyDecision(
  context: Context,
  { wanted, number, row, isUsed }: VersionDecision,
  at: number,
): Work<{ isNew: boolean; version: DeployedVersion }> {
  const { kind, name, fingerprint, file } = wanted;
  const definition = { kind, name, version: number };
  const no = yield* context.definitions.numberOf(definition);
  const next = yield* nextNo(context);
  yield* context.db.run(
    "update definitions set fingerprint = ?, author_version = ?, file = ?, created_at = coalesce(created_at, ?), deployed_no = ? where no = ?",
    fingerprint,
    wanted.version,
    file,
    at,
    next,
    no,
  );
  if (isUsed)
    yield* context.db.run(
      "update definitions set used_no = ?, drained_at = null, retired_at = null where no = ?",
      next,
      no,
    );
  return {
    isNew: row !== "known",
    version: { definition, authorVersion: wanted.version, fingerprint, isNew: row !== "known" },
  };
}

/** One number sequence for deployments and version choices, so that their order is known. */
function* nextNo(context: Context): Work<number> {
  const row = yield* context.db.get<{ n: number | null }>(
    "select max(no) as n from (select deployed_no as no from definitions union all select used_no from definitions) given",
  );
  return (row?.n ?? 0) + 1;
}

function* sign(context: Context, { keyId, body, signature }: SignVersions, at: number): Work<VersionOutcome> {
  yield* context.db.run(
    `insert into manifests (key_id, body, signature, created_at)
     select cast(? as text), cast(? as text), cast(? as text), cast(? as bigint) where not exists (select 1 from manifests where key_id = ? and signature = ?)`,
    keyId,
    body,
    signature,
    at,
    keyId,
    signature,
  );
  return { ok: true, at, versions: [] };
}

function* setVersion(context: Context, { definition, to, audit: asked }: SetVersion, at: number): Work<VersionOutcome> {
  const [no] = yield* filterWork(yield* context.definitions.numbersOf(definition.name), function* (each) {
    const ref = yield* context.definitions.ref(each);
    return ref.version === definition.version && ref.kind === definition.kind;
  });
  if (no === undefined) return { ok: false, why: "stale" };
  if (to === "used") {
    yield* context.db.run(
      "update definitions set used_no = ?, drained_at = null, retired_at = null where no = ?",
      yield* nextNo(context),
      no,
    );
  } else {
    yield* context.db.run("update definitions set drained_at = coalesce(drained_at, ?) where no = ?", at, no);
    yield* retireDrained(context, at);
  }
  yield* auditVersion(context, asked.actor, asked.verb, definition, at, asked.why);
  return { ok: true, at, versions: [] };
}

/** An audit record of a version has no run. */
function* auditVersion(
  context: Context,
  actor: string,
  verb: string,
  { name, version }: { name: string; version: number },
  at: number,
  why: string | null = null,
): Work<void> {
  const about = `${name} version ${version}`;
  yield* context.db.run(
    "insert into audit (run, run_id, actor, verb, why, at) values (null, null, ?, ?, ?, ?)",
    actor,
    verb,
    why === null ? about : `${about}: ${why}`,
    at,
  );
}

/** The run keeps all its data; only its code changes from here on. */
function* moveRun(context: Context, { run, seen, to, audit: asked }: MoveRun, at: number): Work<VersionOutcome> {
  const { db, definitions, counters, hints } = context;
  const row = yield* db.get<{
    id: string;
    definition: number;
    fence: number;
    round: number;
    ended: RunStatus | null;
    created_at: number;
    ended_at: number | null;
  }>("select id, definition, fence, round, ended, created_at, ended_at from runs where no = ?", run);
  if (row === undefined) return { ok: false, why: "stale" };
  const from = yield* definitions.ref(row.definition);
  if (from.version === to.version && from.name === to.name) return { ok: true, at, versions: [] };
  const live = yield* liveRow(context, run);
  if (live?.state === state.leased || (live === undefined && row.ended !== "failed"))
    return { ok: false, why: "stale" };
  if (row.round !== seen.round || (live?.fence ?? row.fence) !== seen.fence) return { ok: false, why: "stale" };
  const no = yield* definitions.numberOf(to);
  const status = live === undefined ? "failed" : statusOf(live);
  yield* db.run("update runs set definition = ?, fence = ? where no = ?", no, seen.fence + 1, run);
  if (live !== undefined) {
    yield* db.run("update live set definition = ?, fence = ? where run = ?", no, seen.fence + 1, run);
    // It may have been waiting for a worker with its version.
    const { changes } = yield* db.run(
      `update live set ready_at = ?, reason = null where run = ? and state = ${state.ready} and reason is not null`,
      at,
      run,
    );
    if (changes > 0) hints.ready = true;
  }
  counters.move(row.definition, status, null);
  counters.move(no, null, status);
  counters.hour(row.definition, "started", row.created_at, -1);
  counters.hour(no, "started", row.created_at, 1);
  if (row.ended === "failed") {
    counters.hour(row.definition, "failed", row.ended_at ?? at, -1);
    counters.hour(no, "failed", row.ended_at ?? at, 1);
  }
  hints.change(run, row.id, status);
  yield* audit(context, run, row.id, asked, at);
  yield* remark(context, run, "moved", JSON.stringify({ from: from.version, to: to.version, by: asked.actor }), at);
  return { ok: true, at, versions: [] };
}

// --- Reading ------------------------------------------------------------------------------------------------------------

interface DefinitionRow {
  no: number;
  kind: KnownVersion["definition"]["kind"];
  name: string;
  version: number;
  fingerprint: string | null;
  author_version: number | null;
  file: string | null;
  created_at: number | null;
  deployed_no: number | null;
  used_no: number | null;
  drained_at: number | null;
  retired_at: number | null;
}

const columns =
  "no, kind, name, version, fingerprint, author_version, file, created_at, deployed_no, used_no, drained_at, retired_at from definitions";

function toKnown(row: DefinitionRow): KnownVersion & { readonly no: number } {
  return {
    no: row.no,
    definition: { kind: row.kind, name: row.name, version: row.version },
    fingerprint: row.fingerprint,
    authorVersion: row.author_version,
    file: row.file,
    createdAt: row.created_at,
    deployedNo: row.deployed_no,
    usedNo: row.used_no,
    drainedAt: row.drained_at,
    retiredAt: row.retired_at,
  };
}

function* readKnown(context: Context, name: string | null): Work<(KnownVersion & { readonly no: number })[]> {
  const rows =
    name === null
      ? yield* context.db.all<DefinitionRow>(`select ${columns} order by name, version desc`)
      : yield* context.db.all<DefinitionRow>(`select ${columns} where name = ? order by version desc`, name);
  return rows.map(toKnown);
}

export function* readVersions(context: Context, name: string | null): Work<readonly VersionRow[]> {
  const counts = Map.groupBy(
    yield* context.db.all<{ definition: number; status: RunStatus; n: number }>(
      "select definition, status, sum(count) as n from counters group by definition, status having sum(count) <> 0",
    ),
    (row) => row.definition,
  );
  const artifacts = new Set(
    (yield* context.db.all<{ hash: string }>("select hash from artifacts")).map((row) => row.hash),
  );
  return (yield* readKnown(context, name)).map(({ no, ...known }) => ({
    ...known,
    hasArtifact: known.fingerprint !== null && artifacts.has(known.fingerprint),
    counts: Object.fromEntries((counts.get(no) ?? []).map((row) => [row.status, row.n])),
  }));
}

export function* readArtifact(context: Context, hash: string): Work<Artifact | null> {
  const row = yield* context.db.get<{ hash: string; body: string; externals: string }>(
    "select hash, body, externals from artifacts where hash = ?",
    hash,
  );
  return row === undefined ? null : { ...row, externals: JSON.parse(row.externals) };
}

export function* readManifests(
  context: Context,
  keyIds: readonly string[],
): Work<readonly { keyId: string; body: string; signature: string }[]> {
  return (yield* mapWork(keyIds, function* (keyId) {
    return yield* context.db.all<{ keyId: string; body: string; signature: string }>(
      "select key_id as keyId, body, signature from manifests where key_id = ? order by no desc",
      keyId,
    );
  })).flat();
}

// --- Retention ----------------------------------------------------------------------------------------------------------

/** Retires drained versions without runs, and deletes artifacts that nothing needs. Returns how many. */
export function* sweepVersions(context: Context, at: number): Work<number> {
  if ((yield* context.db.get("select 1 from artifacts limit 1")) === undefined) return 0;
  yield* retireDrained(context, at);
  const versions = yield* readKnown(context, null);
  const busy = yield* withRuns(context);
  const byName = Map.groupBy(versions, (each) => `${each.definition.kind} ${each.definition.name}`);
  // The artifact of a file may define several names. It is deleted when none of them needs it.
  const needed = new Set<string>();
  for (const known of byName.values()) {
    const unneeded = new Set(unneededArtifacts(known, ({ no }) => busy.has(no)));
    for (const { fingerprint } of known)
      if (fingerprint !== null && !unneeded.has(fingerprint)) needed.add(fingerprint);
  }
  let gone = 0;
  for (const { hash } of yield* context.db.all<{ hash: string }>("select hash from artifacts")) {
    if (!needed.has(hash)) gone += (yield* context.db.run("delete from artifacts where hash = ?", hash)).changes;
  }
  return gone;
}

function* retireDrained(context: Context, at: number): Work<void> {
  const busy = yield* withRuns(context);
  for (const { no } of yield* context.db.all<{ no: number }>(
    "select no from definitions where drained_at is not null and retired_at is null",
  )) {
    if (!busy.has(no)) yield* context.db.run("update definitions set retired_at = ? where no = ?", at, no);
  }
}

/** Versions that have runs that have not ended, or dead letters, which may be resumed. */
function* withRuns(context: Context): Work<ReadonlySet<number>> {
  return new Set(
    (yield* context.db.all<{ definition: number }>(
      "select definition from counters where status not in ('completed', 'cancelled') group by definition having sum(count) > 0",
    )).map((row) => row.definition),
  );
}
