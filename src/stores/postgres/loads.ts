import type { StoreError } from "../../kernel/model/errors.ts";
import type { Arrival, AttemptRecord, Journal, RecordedEntry, Wait } from "../../kernel/model/journal.ts";
import type { Clock } from "../../kernel/ports/clock.ts";
import { kindOf, outcomeOf } from "../sql/codes.ts";
import type { Connections } from "./connections.ts";
import { toStoreError } from "./errors.ts";

interface Asked {
  readonly run: number;
  readonly fence: number;
  readonly resolve: (journal: Journal | null) => void;
  readonly reject: (error: StoreError) => void;
}

interface LoadRow extends Record<string, unknown> {
  readonly run: number;
  readonly entries: string | null;
  readonly attempts: string | null;
  readonly waits: string | null;
  readonly arrivals: string | null;
}

/** Maximum journals per statement, since they may be long. */
const loadMax = 200;

/** Thrown for a journal with offloaded values. The shared code reads it, one at a time. */
export const apart = Symbol("apart");

/**
 * Reads journals that are requested at the same time together: a thousand runs that wake at once cost a few statements.
 */
export class Loads {
  readonly #connections: Connections;
  readonly #clock: Clock;
  #asked: Asked[] = [];
  #isAtWork = false;

  constructor(connections: Connections, clock: Clock) {
    this.#connections = connections;
    this.#clock = clock;
  }

  /** Null if another worker now holds the run. Throws `apart` if it has offloaded values. */
  load(run: number, fence: number): Promise<Journal | null> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ run, fence, resolve, reject });
      if (this.#asked.length === 1 && !this.#isAtWork) this.#clock.soon(() => void this.#flush());
    });
  }

  async #flush(): Promise<void> {
    if (this.#isAtWork) return;
    this.#isAtWork = true;
    while (this.#asked.length > 0) await this.#read(this.#asked.splice(0, loadMax));
    this.#isAtWork = false;
  }

  async #read(some: readonly Asked[]): Promise<void> {
    const name = `"${this.#connections.schema}".baton_load`;
    try {
      const rows = await this.#connections.use(async (client) => {
        const values = [some.map((each) => each.run), some.map((each) => each.fence)];
        return (await client.query<LoadRow>(`select * from ${name}($1, $2)`, values)).rows;
      });
      const found = new Map(rows.map((row) => [row.run, row]));
      for (const { run, resolve, reject } of some) {
        const row = found.get(run);
        const journal = row === undefined ? null : toJournal(row);
        if (journal === apart) reject(apart as unknown as StoreError);
        else resolve(journal);
      }
    } catch (error) {
      for (const { reject } of some) reject(toStoreError(error, false));
    }
  }
}

type EntryTuple = [number, string, number, number, string | null, string | null, number, number, number];
type AttemptTuple = [string, number, number, AttemptRecord["outcome"], string | null, number, number, number];
type WaitTuple = [string, Wait["kind"], number | null, number, string | null, string | null, number];
type ArrivalTuple = [
  no: number,
  kind: Arrival["kind"],
  key: string | null,
  at: number,
  body: string | null,
  event: string | null,
  source: string | null,
  name: string | null,
  eventAt: number | null,
  data: string | null,
  child: string | null,
  ended: string | null,
  output: string | null,
  error: string | null,
];

function toJournal(row: LoadRow): Journal | typeof apart {
  const list = <T>(text: string | null): T[] => (text === null ? [] : (JSON.parse(text) as T[]));
  const entries = list<EntryTuple>(row.entries);
  const arrivals = list<ArrivalTuple>(row.arrivals);
  const isApart =
    entries.some(([, , , , value, input]) => isMark(value) || isMark(input)) ||
    arrivals.some((each) => isMark(each[9]) || isMark(each[12]) || isMark(each[13]));
  if (isApart) return apart;
  return {
    entries: entries.map(toEntry),
    attempts: list<AttemptTuple>(row.attempts).map(toAttempt),
    waits: list<WaitTuple>(row.waits).map(toWait),
    arrivals: arrivals.map(toArrival),
  };
}

function isMark(column: string | null): boolean {
  return column?.startsWith("@") ?? false;
}

function toEntry([seq, key, kind, outcome, value, input, attempts, tookMs, at]: EntryTuple): RecordedEntry {
  return { seq, key, kind: kindOf(kind), outcome: outcomeOf(outcome), value, input, attempts, tookMs, at };
}

function toAttempt([key, number, charged, outcome, error, tookMs, round, at]: AttemptTuple): AttemptRecord {
  const record = error === null ? null : (JSON.parse(error) as AttemptRecord["error"]);
  return { key, number, charged: charged === 1, outcome, error: record, tookMs, round, at };
}

function toWait([key, kind, dueAt, since, name, match, attempt]: WaitTuple): Wait {
  return { key, kind, dueAt, since, name, match, attempt };
}

function toArrival(tuple: ArrivalTuple): Arrival {
  const [id, kind, key, at, body, event, source, name, eventAt, data, child, ended, output, error] = tuple;
  if (kind === "event") {
    if (event === null) return { id, kind, key, body: null, at };
    const head = JSON.stringify({ id: event, source, name, at: eventAt });
    return { id, kind, key, body: data === null ? head : `${head.slice(0, -1)},"data":${data}}`, at };
  }
  if (kind === "child") {
    const end = { id: child ?? "", status: ended ?? "pending", output, error };
    return { id, kind, key, body: JSON.stringify(end), at };
  }
  return { id, kind, key, body, at };
}
