import type { Keep } from "../../kernel/model/flow.ts";
import type { DefinitionRef } from "../../kernel/model/run.ts";
import type { Database } from "./database.ts";

/** Numbers of definition versions, kept in memory: they are few and never change. */
export class Definitions {
  readonly #db: Database;
  readonly #byName = new Map<string, number>();
  readonly #byNo = new Map<number, DefinitionRef>();
  /** Retention of those that have their own, as JSON. */
  readonly #keeps = new Map<number, string>();

  constructor(db: Database) {
    this.#db = db;
    this.reload();
  }

  /** Also after a rollback, which takes back numbers given inside it. */
  reload(): void {
    this.#byName.clear();
    this.#byNo.clear();
    this.#keeps.clear();
    for (const row of this.#db.all<DefinitionRef & { no: number; keep: string | null }>(
      "select no, kind, name, version, keep from definitions",
    )) {
      this.#remember(row.no, { kind: row.kind, name: row.name, version: row.version });
      if (row.keep !== null) this.#keeps.set(row.no, row.keep);
    }
  }

  /** How long a definition keeps its runs, as its newest start says. Inside a transaction. */
  setKeep(no: number, keep: Keep | undefined): void {
    const text = keep === undefined ? undefined : JSON.stringify(keep);
    if (this.#keeps.get(no) === text) return;
    this.#db.run("update definitions set keep = ? where no = ?", text ?? null, no);
    if (text === undefined) this.#keeps.delete(no);
    else this.#keeps.set(no, text);
  }

  numbered(): readonly { no: number; keep: Keep | null }[] {
    return [...this.#byNo.keys()].map((no) => {
      const keep = this.#keeps.get(no);
      return { no, keep: keep === undefined ? null : (JSON.parse(keep) as Keep) };
    });
  }

  /** Registers what it does not know. Inside a transaction. */
  numberOf(ref: DefinitionRef): number {
    const known = this.#byName.get(keyOf(ref));
    if (known !== undefined) return known;
    const { last } = this.#db.run(
      "insert into definitions (kind, name, version) values (?, ?, ?)",
      ref.kind,
      ref.name,
      ref.version,
    );
    this.#remember(last, { kind: ref.kind, name: ref.name, version: ref.version });
    return last;
  }

  ref(no: number): DefinitionRef {
    const ref = this.#byNo.get(no);
    if (ref === undefined) {
      this.reload();
      const again = this.#byNo.get(no);
      if (again === undefined) throw new Error(`definition ${no} is not in the store`);
      return again;
    }
    return ref;
  }

  numbersOf(name: string): readonly number[] {
    return [...this.#byNo].filter(([, ref]) => ref.name === name).map(([no]) => no);
  }

  all(): readonly DefinitionRef[] {
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
