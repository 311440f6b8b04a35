import { StoreError } from "../../kernel/model/errors.ts";

/** A transaction that lost against another one: the same again goes through. */
export function isPassing(error: unknown): boolean {
  return passing.has(codeOf(error));
}

/** Serialisation failure and deadlock. */
const passing: ReadonlySet<string> = new Set(["40001", "40P01"]);

/** The connection is gone: whether the last statement was carried out is not known. */
export function isLost(error: unknown): boolean {
  const code = codeOf(error);
  if (code.startsWith("08") || code.startsWith("57P")) return true;
  if (lostCodes.has(code)) return true;
  return code === "" && error instanceof Error && /connection|timeout|terminated|not queryable/i.test(error.message);
}

const lostCodes: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** The driver's and the server's errors as the store's closed list. */
export function toStoreError(error: unknown, isSent = true): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (isLost(error))
    return isSent
      ? new StoreError("unknown-outcome", `the connection to the database was lost: ${message}`, { cause: error })
      : new StoreError("unavailable", `the database cannot be reached: ${message}`, {
          hint: "look at the database and the network; Baton goes on by itself",
          cause: error,
        });
  if (code === "53100")
    return new StoreError("unavailable", "the database's disk is full: nothing was written", {
      hint: "free some space; Baton goes on by itself",
      cause: error,
    });
  // Too many connections, out of memory, cancelled by an administrator or a limit, lock not available.
  if (code.startsWith("53") || code === "57014" || code === "55P03" || isPassing(error))
    return new StoreError("unavailable", `the database refuses work at this moment: ${message}`, { cause: error });
  // No such user or database, or a password that is wrong or missing: the store itself is whole.
  if (code.startsWith("28") || code.startsWith("3D") || (code === "" && message.startsWith("SASL")))
    return new StoreError("unavailable", `the database does not let this Baton in: ${message}`, {
      hint: "look at the user, the password and the database in the store's address",
      cause: error,
    });
  if (code === "25006")
    return new StoreError("unavailable", `the database can only be read: ${message}`, {
      hint: "use the address of the primary; Baton goes on by itself when it may write again",
      cause: error,
    });
  if (code === "42501")
    return new StoreError("unavailable", `the database's role may not do this: ${message}`, {
      hint: "grant it what docs/do/postgres.md lists",
      cause: error,
    });
  if (code === "54000" || code === "54001" || code === "22001")
    return new StoreError("too-large", `a value is too large for the store: ${message}`, { cause: error });
  return new StoreError("corrupt", `the store refused a write that it should accept: ${message}`, { cause: error });
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}
