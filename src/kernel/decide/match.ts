import { BatonError } from "../model/errors.ts";
import type { MatchValue } from "../model/transition.ts";

/** The value at the path `a.b.c` of own properties, or undefined. Never reads prototypes. */
export function readPath(data: unknown, path: string): unknown {
  let value = data;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** Compares scalars at paths, including their type: 8841 is not "8841", and a missing path is not null. */
export function matches(match: Readonly<Record<string, MatchValue>>, data: unknown): boolean {
  return Object.entries(match).every(([path, value]) => readPath(data, path) === value);
}

/**
 * Flattens `{ deal: { id: 1 } }` to `{ "deal.id": 1 }`. Throws a `BatonError` with code `invalid-option` for anything
 * that cannot be compared: dropping it would make the wait accept events that it must not.
 */
export function flattenMatch(
  match: Readonly<Record<string, unknown>>,
  event: string,
): Readonly<Record<string, MatchValue>> {
  const flat = new Map<string, MatchValue>();
  flatten(match, "", flat, event);
  return Object.fromEntries(flat);
}

function flatten(match: unknown, at: string, flat: Map<string, MatchValue>, event: string): void {
  const place = at === "" ? "match" : `match.${at}`;
  if (!isPlainObject(match)) throw unmatchable(event, place, `is ${describe(match)}`);
  const entries = Object.entries(match);
  if (entries.length === 0) throw unmatchable(event, place, "is an empty object");
  for (const [key, value] of entries) {
    const path = at === "" ? key : `${at}.${key}`;
    if (!isScalar(value)) flatten(value, path, flat, event);
    else if (flat.has(path)) throw unmatchable(event, `match.${path}`, "is given twice");
    else flat.set(path, value);
  }
}

function isScalar(value: unknown): value is MatchValue {
  if (typeof value === "number") return Number.isFinite(value);
  return value === null || typeof value === "string" || typeof value === "boolean";
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function describe(value: unknown): string {
  if (value === undefined) return "undefined";
  if (typeof value !== "object" || value === null) return `the ${typeof value} ${String(value)}`;
  return Array.isArray(value) ? "an array" : `a ${value.constructor?.name ?? "object without a constructor"}`;
}

function unmatchable(event: string, place: string, problem: string): BatonError {
  return new BatonError("invalid-option", `the wait for ${event} cannot match: ${place} ${problem}`, {
    hint: "use strings, numbers, booleans, null, or objects of these; leave match out to accept every event of this name",
  });
}
