import { hash53 } from "../../stdx/hash.ts";
import { byteLength, encode } from "../../stdx/json.ts";
import type { ErrorRecord } from "../model/errors.ts";
import { defaults } from "../model/limits.ts";

/** Converts any thrown value to plain data of bounded size. */
export function recordError(thrown: unknown, depth = 0): ErrorRecord {
  try {
    return readError(thrown, depth);
  } catch {
    // Any value can be thrown, even one that throws when it is read.
    return { name: "Error", message: "a value was thrown that cannot be read" };
  }
}

function readError(thrown: unknown, depth: number): ErrorRecord {
  if (!(thrown instanceof Error) && !looksLikeError(thrown)) {
    return {
      name: "Error",
      message: cut(typeof thrown === "string" ? thrown : (describe(thrown) ?? String(thrown)), defaults.errorMax / 4),
    };
  }
  const error = thrown as Error & { code?: unknown; details?: unknown };
  const details = describe(error.details);
  return {
    name: cut(String(error.name), 200),
    message: cut(String(error.message), defaults.errorMax / 4),
    ...(typeof error.code === "string" || typeof error.code === "number" ? { code: cut(String(error.code), 200) } : {}),
    ...(typeof error.stack === "string" ? { stack: cut(error.stack, defaults.errorMax / 8) } : {}),
    ...(details !== null &&
    details.length < defaults.errorMax / 8 &&
    error.details !== undefined &&
    Object.keys(Object(error.details)).length > 0
      ? { details: JSON.parse(details) }
      : {}),
    ...(error.cause !== undefined && depth < 3 ? { cause: recordError(error.cause, depth + 1) } : {}),
  };
}

function looksLikeError(value: unknown): value is Error {
  return typeof value === "object" && value !== null && "message" in value && "name" in value;
}

function describe(value: unknown): string | null {
  try {
    return encode(value);
  } catch {
    // An error may carry any value. Values that cannot be stored are left out of the record, never the error itself.
    return null;
  }
}

function cut(text: string, bytesMax: number): string {
  const sound = text.toWellFormed();
  if (byteLength(sound, bytesMax) <= bytesMax) return sound;
  return `${sound.slice(0, Math.floor(bytesMax / 4))}… (cut from ${sound.length} characters)`;
}

/**
 * One fingerprint for all failures with the same cause: definition, step, error class and message without its variable
 * parts.
 */
export function fingerprintOf(definition: string, step: string | null, error: ErrorRecord): string {
  return hash53([definition, baseStep(step), error.code ?? error.name, normalise(error.message)].join("\n"));
}

/** The step as its author named it: items of a map and rounds of a loop share one cause. */
function baseStep(step: string | null): string {
  return (step ?? "").replace(/\[\d+\]/g, "[]").replace(/#\d+$/g, "");
}

/** Numbers, ids and quoted parts differ between runs; the rest identifies the cause. */
export function normalise(message: string): string {
  return message
    .slice(0, 500)
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, "<text>")
    .replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/gi, "<id>")
    .replace(/\b(?=\w*\d)(?=\w*[a-z])\w{2,}(?:[-_:]\w+)*\b/gi, "<id>")
    .replace(/\d+/g, "<n>");
}

/** The error behind a failed step or child run: failures are told apart by their cause. */
export function rootOf(error: ErrorRecord): ErrorRecord {
  return (error.code === "step-failed" || error.name === "ChildFailedError") && error.cause !== undefined
    ? error.cause
    : error;
}
