import { BatonError } from "../../kernel/model/errors.ts";

export function txTooLong(): BatonError {
  return new BatonError("tx-too-long", "ctx.tx took longer than its limit and was rolled back", {
    hint: "await only db.query inside ctx.tx: on SQLite it blocks the whole store",
  });
}
