import { defaults } from "../../kernel/model/limits.ts";
import { byteLength } from "../../stdx/json.ts";
import type { Database } from "./database.ts";

/** JSON text never begins so: the column of an offloaded value holds this and its bytes. */
const mark = "@";

/** Large values lie apart, so that scanning runs and steps stays cheap. Slots are `input`, `output`, `step:<seq>` and so on. */
export class Payloads {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  isLarge(text: string | null): boolean {
    return text !== null && text.length * 3 > defaults.inlineMax && byteLength(text) > defaults.inlineMax;
  }

  /** What to put in the column: the text itself, or the mark of the row it went to. */
  keep(run: number, slot: string, text: string | null): string | null {
    if (text === null || !this.isLarge(text)) return text;
    const bytes = byteLength(text);
    this.#db.run(
      "insert into payloads (run, slot, body) values (?, ?, ?) on conflict (run, slot) do update set body = excluded.body",
      run,
      slot,
      text,
    );
    return `${mark}${bytes}`;
  }

  /** The text behind a column. */
  whole(run: number, slot: string, column: string | null): string | null {
    return column?.startsWith(mark) ? this.read(run, slot) : column;
  }

  read(run: number, slot: string): string | null {
    return (
      this.#db.get<{ body: string }>("select body from payloads where run = ? and slot = ?", run, slot)?.body ?? null
    );
  }
}
