import { matches, readPath } from "../../kernel/decide/match.ts";
import { defaults } from "../../kernel/model/limits.ts";
import { isSealed } from "../../kernel/model/sealed.ts";
import type { MatchValue } from "../../kernel/model/transition.ts";
import { hash53Number } from "../../stdx/hash.ts";
import { canonical } from "../../stdx/json.ts";
import type { Payloads } from "./payloads.ts";
import type { Database, Work } from "./work.ts";

/**
 * The hash of waits without paths, and of waits whose event name already has the maximum number of shapes. They are
 * compared by value only.
 */
export const anyHash = hash53Number("any");

/**
 * Finds waits for an event, and events for a wait, by an equality lookup on both sides. The set of paths that a wait
 * compares is its shape; an event has one key row for each shape of its name.
 */
export class Matching {
  readonly #db: Database;
  readonly #payloads: Payloads;

  constructor(db: Database, payloads: Payloads) {
    this.#db = db;
    this.#payloads = payloads;
  }

  /** The hash under which a wait is stored. A shape seen for the first time is backfilled before its wait is stored. */
  *hashOfWait(name: string, match: Readonly<Record<string, MatchValue>>): Work<number> {
    const paths = Object.keys(match).sort();
    if (paths.length === 0) return anyHash;
    const text = paths.join("\n");
    const shapes = yield* this.#shapes(name);
    if (!shapes.includes(text)) {
      if (shapes.length >= defaults.matchShapesMax) return anyHash;
      yield* this.#db.run("insert into event_shapes (name, shape, paths) values (?, ?, ?)", name, shapes.length, text);
      yield* this.#backfill(name, paths);
    }
    return hashOf(paths, match);
  }

  /** Writes the key rows of a new event. Returns the hashes under which waits may be stored. */
  *index(name: string, event: number, data: unknown): Work<readonly number[]> {
    const hashes = [anyHash];
    for (const shape of yield* this.#shapes(name)) {
      const hash = hashOfData(shape.split("\n"), data);
      if (hash !== null) hashes.push(hash);
    }
    for (const hash of hashes) yield* this.#addKey(name, hash, event);
    return hashes;
  }

  /** The first matching event that the run and the earlier parts of its chain have not received, or null. */
  *find(
    { run, chain }: { readonly run: number; readonly chain: number | null },
    name: string,
    hash: number,
    match: Readonly<Record<string, MatchValue>>,
    after: number,
    since: number | null,
    except: number | null,
  ): Work<number | null> {
    let floor = after;
    for (;;) {
      const found = yield* this.#db.get<{ no: number; data: string | null }>(
        `select e.no, e.data from event_keys k join events e on e.no = k.event
         where k.name = ? and k.hash = ? and k.event > ? and e.at >= ?
           and not exists (select 1 from inbox i where i.run = ? and i.kind = 'event' and i.ref = cast(e.no as text))
           ${chain === null ? "" : notInChain}
         order by k.event limit 1`,
        name,
        hash,
        floor,
        since ?? 0,
        // The rows of a chain's first part have its number, those of later parts name the chain.
        ...(chain === null ? [run] : [chain, chain]),
      );
      if (found === undefined) return null;
      // An encrypted event can be matched only by its hash.
      const isMatch = isSealed(found.data) || matches(match, yield* this.#data(found.no, found.data));
      if (found.no !== except && isMatch) return found.no;
      floor = found.no;
    }
  }

  *#data(event: number, column: string | null): Work<unknown> {
    const text = yield* this.#payloads.whole(0, `event:${event}`, column);
    return text === null ? undefined : JSON.parse(text);
  }

  *#shapes(name: string): Work<readonly string[]> {
    return (yield* this.#db.all<{ paths: string }>(
      "select paths from event_shapes where name = ? order by shape",
      name,
    )).map((row) => row.paths);
  }

  *#backfill(name: string, paths: readonly string[]): Work<void> {
    for (const row of yield* this.#db.all<{ no: number; data: string | null }>(
      "select no, data from events where name = ?",
      name,
    )) {
      const hash = hashOfData(paths, yield* this.#data(row.no, row.data));
      if (hash !== null) yield* this.#addKey(name, hash, row.no);
    }
  }

  *#addKey(name: string, hash: number, event: number): Work<void> {
    yield* this.#db.run(
      "insert into event_keys (name, hash, event) values (?, ?, ?) on conflict do nothing",
      name,
      hash,
      event,
    );
  }
}

const notInChain =
  "and not exists (select 1 from inbox i where i.chain = ? and i.kind = 'event' and i.ref = cast(e.no as text))";

export function hashOf(paths: readonly string[], match: Readonly<Record<string, MatchValue>>): number {
  return hash53Number(canonical(paths.map((path) => [path, match[path] ?? null])));
}

/** Null if the event lacks one of the paths: a missing value does not equal null. */
export function hashOfData(paths: readonly string[], data: unknown): number | null {
  const values: unknown[] = [];
  for (const path of paths) {
    const value = readPath(data, path);
    if (value === undefined || (typeof value === "object" && value !== null)) return null;
    values.push([path, value]);
  }
  return hash53Number(canonical(values));
}
