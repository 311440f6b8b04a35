import { StoreError } from "../../kernel/model/errors.ts";
import { defaults } from "../../kernel/model/limits.ts";
import { hasSealed } from "../../kernel/model/sealed.ts";
import { byteLength } from "../../stdx/json.ts";
import type { StoreClock } from "./context.ts";
import { type Files, hashOf } from "./files.ts";
import type { Database, Work } from "./work.ts";

/** JSON text never begins with this. The column of an offloaded value contains this mark and the number of bytes. */
const mark = "@";

/**
 * Large values are stored separately, so that scanning runs and steps stays cheap: in a row of their own, and above
 * `offloadOver` bytes in a file next to the store. Parts are `input`, `output`, `step:<seq>` and so on.
 *
 * Files are written on the store's thread, inside the transaction that refers to them. This keeps the order of a run's
 * transitions, and a write of 256 KiB waits for the disk anyway.
 */
export class Payloads {
  readonly #db: Database;
  readonly #clock: StoreClock;
  readonly #files: Files;
  readonly #offloadOver: number;

  constructor(db: Database, clock: StoreClock, options: { files: Files; offloadOver: number }) {
    this.#db = db;
    this.#clock = clock;
    this.#files = options.files;
    this.#offloadOver = options.offloadOver;
  }

  isLarge(text: string | null): boolean {
    return text !== null && text.length * 3 > defaults.inlineMax && byteLength(text) > defaults.inlineMax;
  }

  /**
   * Returns the column value: the text itself, or the mark of the row that has it. An encrypted value is never stored
   * in a file, because a name derived from the content would reveal that two values are equal.
   */
  *keep(run: number, part: string, text: string | null): Work<string | null> {
    if (text === null || !this.isLarge(text)) return text;
    const bytes = byteLength(text);
    if (bytes > this.#offloadOver && !hasSealed(text)) yield* this.#keepFile(run, part, text);
    else yield* this.#keepRow(run, part, text, null);
    return `${mark}${bytes}`;
  }

  *#keepFile(run: number, part: string, text: string): Work<void> {
    const bytes = Buffer.from(text);
    const hash = hashOf(bytes);
    this.#files.put(hash, bytes);
    yield* this.#db.run(
      "insert into payload_files (hash, bytes, at) values (?, ?, ?) on conflict (hash) do update set loose_at = null",
      hash,
      bytes.length,
      this.#clock.now(),
    );
    yield* this.#keepRow(run, part, "", hash);
  }

  *#keepRow(run: number, part: string, body: string, file: string | null): Work<void> {
    const { changes } = yield* this.#db.run(
      "insert into payloads (run, slot, body, file) values (?, ?, ?, ?) on conflict (run, slot) do nothing",
      run,
      part,
      body,
      file,
    );
    if (changes > 0) return;
    yield* this.#loosen("run = ? and slot = ?", run, part);
    yield* this.#db.run("update payloads set body = ?, file = ? where run = ? and slot = ?", body, file, run, part);
  }

  /** Makes all written files durable against a power failure. Call before the commit. */
  settle(): void {
    this.#files.settle();
  }

  /** The text that a column refers to. Throws a `StoreError` that names the run and the step if it is missing. */
  *whole(run: number, part: string, column: string | null): Work<string | null> {
    if (!column?.startsWith(mark)) return column;
    const text = yield* this.read(run, part);
    if (text === null) throw yield* this.#lost(run, part, "its row is gone");
    return text;
  }

  /** Null: no value was ever stored there. */
  *read(run: number, part: string): Work<string | null> {
    const row = yield* this.#db.get<{ body: string; file: string | null }>(
      "select body, file from payloads where run = ? and slot = ?",
      run,
      part,
    );
    if (row === undefined) return null;
    if (row.file === null) return row.body;
    const bytes = this.#files.get(row.file);
    if (bytes === null) throw yield* this.#lost(run, part, `its file ${row.file} is missing or damaged`);
    return bytes.toString();
  }

  /** Drops all values of a removed run. Its files stay until they have been unused for a while. */
  *dropAll(run: number): Work<void> {
    yield* this.#loosen("run = ?", run);
    yield* this.#db.run("delete from payloads where run = ?", run);
  }

  *drop(run: number, part: string): Work<void> {
    yield* this.#loosen("run = ? and slot = ?", run, part);
    yield* this.#db.run("delete from payloads where run = ? and slot = ?", run, part);
  }

  *#loosen(where: string, ...params: (string | number)[]): Work<void> {
    yield* this.#db.run(
      `update payload_files set loose_at = ? where hash in (select file from payloads where file is not null and ${where})`,
      this.#clock.now(),
      ...params,
    );
  }

  *#lost(run: number, part: string, why: string): Work<StoreError> {
    const id = (yield* this.#db.get<{ id: string }>("select id from runs where no = ?", run))?.id ?? null;
    const seq = /^step(?:-input)?:(\d+)$/.exec(part)?.[1];
    const step =
      seq === undefined
        ? null
        : ((yield* this.#db.get<{ key: string }>("select key from steps where run = ? and seq = ?", run, Number(seq)))
            ?.key ?? null);
    const whose =
      id === null ? part : `the ${part.replace(/:\d+$/, "")}${step === null ? "" : ` "${step}"`} of run ${id}`;
    return new StoreError("corrupt", `a large value cannot be read: ${whose}: ${why}`, {
      hint: "put the file back from a backup; baton doctor --full lists all that are missing",
      details: { run: id, slot: part, step },
    });
  }
}
