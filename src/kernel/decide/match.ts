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
 * Flattens `{ deal: { id: 1 } }` to `{ "deal.id": 1 }`. Throws a `TypeError` for any other value that is not a scalar.
 */
export function flattenMatch(match: Readonly<Record<string, unknown>>, prefix = ""): Record<string, MatchValue> {
  const flat: Record<string, MatchValue> = {};
  for (const [key, value] of Object.entries(match)) {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    if (value === undefined) continue;
    if (
      value === null ||
      typeof value === "string" ||
      typeof value === "boolean" ||
      (typeof value === "number" && Number.isFinite(value))
    ) {
      flat[path] = value;
    } else if (typeof value === "object" && !Array.isArray(value)) {
      Object.assign(flat, flattenMatch(value as Record<string, unknown>, path));
    } else {
      throw new TypeError(`match.${path} must be a string, a number, a boolean or null`);
    }
  }
  return flat;
}
