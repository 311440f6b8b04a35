import type { ImportOutcome, ImportRun } from "../../kernel/model/life.ts";
import { isAtRest, type RestStatus } from "../../kernel/model/status.ts";
import { indexAttributes } from "./attributes.ts";
import { audit } from "./audit.ts";
import { kindCode, outcomeCode } from "./codes.ts";
import type { Context } from "./context.ts";
import { keepErrorText } from "./dead.ts";
import type { Work } from "./work.ts";

/**
 * Imports a run of another store as an ended run. It is in no queue, has no waits and is not a dead letter, so that
 * neither a worker nor a bulk operation picks it up. A person may resume it if it had failed.
 */
export function* importRun(
  context: Context,
  { id, fixture, audit: asked }: ImportRun,
  at: number,
): Work<ImportOutcome> {
  const { db, payloads } = context;
  if ((yield* db.get("select 1 from runs where id = ?", id)) !== undefined) return { ok: true, at, imported: id };
  const { run, entries, attempts } = fixture;
  const { kind, name, version } = fixture.definition;
  const definition = yield* context.definitions.numberOf({ kind, name, version });
  const ended: RestStatus = isAtRest(run.status) ? run.status : "cancelled";
  const reason = ended === "completed" ? null : { code: "imported", run: run.id, status: run.status };
  const attributes = run.attributes === null ? null : JSON.stringify(run.attributes);
  const no = yield* db.insert(
    `insert into runs (no, id, definition, ended, key, reason, attributes, origin, event_floor, round, created_at, ended_at)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    yield* context.numbers.next(),
    id,
    definition,
    ended,
    run.key,
    reason === null ? null : JSON.stringify(reason),
    attributes,
    JSON.stringify({ by: asked.actor, importedFrom: run.id }),
    yield* context.scratch.lastEvent(db),
    run.round,
    at,
    at,
  );
  yield* db.run(
    "update runs set input = ?, output = ?, error = ? where no = ?",
    yield* payloads.keep(no, "input", run.input),
    yield* payloads.keep(no, "output", run.output),
    yield* payloads.keep(no, "error", run.error === null ? null : JSON.stringify(run.error)),
    no,
  );
  for (const entry of entries) {
    yield* db.run(
      "insert into steps (run, seq, key, kind, outcome, value, input, attempts, took_ms, at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      no,
      entry.seq,
      entry.key,
      kindCode[entry.kind],
      outcomeCode[entry.outcome],
      yield* payloads.keep(no, `step:${entry.seq}`, entry.value),
      yield* payloads.keep(no, `step-input:${entry.seq}`, entry.input),
      entry.attempts,
      entry.tookMs,
      entry.at,
    );
  }
  for (const each of attempts) {
    yield* db.run(
      `insert into attempts (run, key, number, round, fence, charged, outcome, error, took_ms, at)
       values (?, ?, ?, ?, 0, ?, ?, ?, ?, ?) on conflict do nothing`,
      no,
      each.key,
      each.number,
      each.round,
      each.charged ? 1 : 0,
      each.outcome,
      each.error === null ? null : JSON.stringify(each.error),
      each.tookMs,
      each.at,
    );
  }
  if (attributes !== null) yield* indexAttributes(context, no, attributes);
  if (run.error !== null) yield* keepErrorText(context, no, run.error);
  context.counters.hour(definition, "started", at, 1);
  context.counters.hour(definition, ended, at, 1);
  context.counters.move(definition, null, ended);
  context.hints.change(no, id, ended);
  yield* audit(context, no, id, asked, at);
  return { ok: true, at, imported: id };
}
