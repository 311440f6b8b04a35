import type { Keep } from "../../kernel/model/flow.ts";
import type { DefinitionRef } from "../../kernel/model/run.ts";
import { type Database, done, type Work } from "./work.ts";

/** Numbers of definition versions, cached in memory: they are few and never change. */
export class Definitions {
  readonly #db: Database;
  readonly #byName = new Map<string, number>();
  readonly #byNo = new Map<number, DefinitionRef>();
  /** Retention of definitions that have their own, as JSON. */
  readonly #keeps = new Map<number, string>();
  readonly #queues = new Map<number, string>();
  #isLoaded = false;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Call after a rollback, which reverts numbers assigned inside it: they are read again when next needed. */
  forget(): void {
    this.#isLoaded = false;
  }

  *#load(): Work<void> {
    if (!this.#isLoaded) yield* this.#reload();
  }

  *#reload(): Work<void> {
    const rows = yield* this.#db.all<DefinitionRef & { no: number; keep: string | null; queue: string | null }>(
      "select no, kind, name, version, keep, queue from definitions",
    );
    this.#byName.clear();
    this.#byNo.clear();
    this.#keeps.clear();
    this.#queues.clear();
    this.#isLoaded = true;
    for (const row of rows) {
      this.#remember(row.no, { kind: row.kind, name: row.name, version: row.version });
      if (row.keep !== null) this.#keeps.set(row.no, row.keep);
      if (row.queue !== null) this.#queues.set(row.no, row.queue);
    }
  }

  /** Other workers may have registered more meanwhile. */
  *#refresh(): Work<void> {
    const newest = yield* this.#db.get<{ no: number | null }>("select max(no) as no from definitions");
    if (!this.#isLoaded || !this.#byNo.has(newest?.no ?? 0)) yield* this.#reload();
  }

  /** Sets the queue of a definition's runs, as given by its newest start. Call inside a transaction. */
  setQueue(no: number, queue: string | undefined): Work<void> {
    return this.#isLoaded && this.#queues.get(no) === queue ? done(undefined) : this.#setQueue(no, queue);
  }

  *#setQueue(no: number, queue: string | undefined): Work<void> {
    yield* this.#load();
    if (this.#queues.get(no) === queue) return;
    yield* this.#db.run("update definitions set queue = ? where no = ?", queue ?? null, no);
    if (queue === undefined) this.#queues.delete(no);
    else this.#queues.set(no, queue);
  }

  /** Sets how long a definition's runs are kept, as given by its newest start. Call inside a transaction. */
  setKeep(no: number, keep: Keep | undefined): Work<void> {
    const text = keep === undefined ? undefined : JSON.stringify(keep);
    return this.#isLoaded && this.#keeps.get(no) === text ? done(undefined) : this.#setKeep(no, text);
  }

  *#setKeep(no: number, text: string | undefined): Work<void> {
    yield* this.#load();
    if (this.#keeps.get(no) === text) return;
    yield* this.#db.run("update definitions set keep = ? where no = ?", text ?? null, no);
    if (text === undefined) this.#keeps.delete(no);
    else this.#keeps.set(no, text);
  }

  *numbered(): Work<readonly { no: number; keep: Keep | null }[]> {
    yield* this.#reload();
    return [...this.#byNo.keys()].map((no) => {
      const keep = this.#keeps.get(no);
      return { no, keep: keep === undefined ? null : (JSON.parse(keep) as Keep) };
    });
  }

  /** The number of a definition; registers an unknown one. Call inside a transaction. */
  numberOf(ref: DefinitionRef): Work<number> {
    const known = this.#isLoaded ? this.#byName.get(keyOf(ref)) : undefined;
    return known === undefined ? this.#register(ref) : done(known);
  }

  *#register(ref: DefinitionRef): Work<number> {
    yield* this.#load();
    const known = this.#byName.get(keyOf(ref));
    if (known !== undefined) return known;
    const last = yield* this.#insert(ref);
    this.#remember(last, { kind: ref.kind, name: ref.name, version: ref.version });
    return last;
  }

  /** Another worker may have registered it meanwhile. */
  *#insert(ref: DefinitionRef): Work<number> {
    const row = yield* this.#db.get<{ no: number }>(
      `insert into definitions (kind, name, version) values (?, ?, ?)
       on conflict (kind, name, version) do update set version = excluded.version returning no`,
      ref.kind,
      ref.name,
      ref.version,
    );
    return row?.no ?? 0;
  }

  *ref(no: number): Work<DefinitionRef> {
    yield* this.#load();
    const ref = this.#byNo.get(no);
    if (ref === undefined) {
      yield* this.#reload();
      const again = this.#byNo.get(no);
      if (again === undefined) throw new Error(`definition ${no} is not in the store`);
      return again;
    }
    return ref;
  }

  *numbersOf(name: string): Work<readonly number[]> {
    yield* this.#refresh();
    return [...this.#byNo].filter(([, ref]) => ref.name === name).map(([no]) => no);
  }

  *all(): Work<readonly DefinitionRef[]> {
    yield* this.#refresh();
    return [...this.#byNo.values()];
  }

  #remember(no: number, ref: DefinitionRef): void {
    this.#byName.set(keyOf(ref), no);
    this.#byNo.set(no, ref);
  }
}

function keyOf(ref: DefinitionRef): string {
  return `${ref.kind} ${ref.name} ${ref.version}`;
}
