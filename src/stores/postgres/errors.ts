import { StoreError } from "../../kernel/model/errors.ts";

/** Whether the transaction lost against a concurrent one. The same transaction succeeds when it is retried. */
export function isPassing(error: unknown): boolean {
  return passing.has(codeOf(error));
}

/** Serialization failure and deadlock. */
const passing: ReadonlySet<string> = new Set(["40001", "40P01"]);

/** Whether the connection was lost: the outcome of the last statement is unknown. */
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

/** Maps errors of the driver and the server to the store's closed list. */
export function toStoreError(error: unknown, isSent = true): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (isLost(error))
    return isSent
      ? new StoreError("unknown-outcome", `the connection to the database was lost: ${message}`, { cause: error })
      : new StoreError("unavailable", `the database cannot be reached: ${message}`, {
          hint: "check the database and the network; Baton continues when they are back",
          cause: error,
        });
  if (code === "53100")
    return new StoreError("unavailable", "the database's disk is full: nothing was written", {
      hint: "free disk space; Baton continues by itself",
      cause: error,
    });
  // Too many connections, out of memory, cancelled by an administrator or a limit, lock not available.
  if (code.startsWith("53") || code === "57014" || code === "55P03" || isPassing(error))
    return new StoreError("unavailable", `the database is not accepting work right now: ${message}`, { cause: error });
  // User or database not found, or password wrong or missing. The store itself is intact.
  if (code.startsWith("28") || code.startsWith("3D") || (code === "" && message.startsWith("SASL")))
    return new StoreError("unavailable", `the database refused the connection: ${message}`, {
      hint: "check the user, password and database name in the store address",
      cause: error,
    });
  if (code === "25006")
    return new StoreError("unavailable", `the database is read-only: ${message}`, {
      hint: "use the address of the primary; Baton continues when the database accepts writes again",
      cause: error,
    });
  if (code === "42501")
    return new StoreError("unavailable", `the database role lacks a permission: ${message}`, {
      hint: "grant it the permissions listed in docs/do/postgres.md",
      cause: error,
    });
  if (code === "54000" || code === "54001" || code === "22001")
    return new StoreError("too-large", `a value is too large for the store: ${message}`, { cause: error });
  return new StoreError("corrupt", `the store rejected a valid write: ${message}`, { cause: error });
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}
