/**
 * The one serialiser of everything that Baton keeps. JSON changes many values silently (`NaN` becomes `null`, a `Map`
 * becomes `{}`); here such a value is refused with the path of the place, so that what a step returned and what a replay
 * reads are always the same. Text is kept as text, never as a database's own JSON type, which differ in what they accept.
 */

/** A value that cannot be kept as it is. `path` is relative to the value: `.items[3].price`. */
export class UnencodableError extends Error {
  override readonly name = "UnencodableError";
  readonly path: string;
  readonly problem: string;
  constructor(path: string, problem: string) {
    super(`${path === "" ? "the value" : path} ${problem}`);
    this.path = path;
    this.problem = problem;
  }
}

/** Deeper than any real document; a cycle reaches it at once. */
export const depthMax = 256;

/** JSON text, or null for `undefined`. Throws `UnencodableError` and never alters a value. */
export function encode(value: unknown): string | null {
  if (value === undefined) return null;
  if (problemOf(value, 0) !== null) throw locate(value, "", []) ?? new UnencodableError("", "cannot be stored as JSON");
  return JSON.stringify(value);
}

/** The value that `encode` was given, round-tripped. */
export function decode(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text);
}

/** Whether a value is kept as it is, without its path: the fast half, walked once for each value. */
function problemOf(value: unknown, depth: number): string | null {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? null : "contains a lone surrogate, which is not valid Unicode text";
    case "number":
      return Number.isFinite(value) ? null : `is ${value}, which JSON cannot hold`;
    case "boolean":
      return null;
    case "bigint":
      return "is a BigInt; store it as a string";
    case "function":
      return "is a function";
    case "symbol":
      return "is a symbol";
    case "undefined":
      return "is undefined inside an array; use null";
  }
  if (value === null) return null;
  if (depth > depthMax) return `is nested deeper than ${depthMax} levels or contains itself`;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const problem = problemOf(value[i], depth + 1);
      if (problem !== null) return problem;
    }
    return null;
  }
  const object = value as Record<string, unknown>;
  const plain = plainProblem(object);
  if (plain !== null) return plain;
  if (typeof object["toJSON"] === "function") return problemOf(object["toJSON"](), depth + 1);
  for (const key in object) {
    if (key === "__proto__") return "is a key named __proto__";
    const item = object[key];
    if (item === undefined) continue;
    const problem = problemOf(item, depth + 1);
    if (problem !== null) return problem;
  }
  return null;
}

function plainProblem(object: Record<string, unknown>): string | null {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype === Object.prototype || prototype === null) {
    return Object.getOwnPropertySymbols(object).length > 0 ? "has a symbol key" : null;
  }
  if (object instanceof Date) return Number.isNaN(object.getTime()) ? "is an invalid Date" : null;
  if (typeof object["toJSON"] === "function" && !(object instanceof Uint8Array)) return null;
  const name = (prototype as { constructor?: { name?: string } }).constructor?.name ?? "class";
  return `is a ${name} instance, which JSON would alter; return a plain object`;
}

/** The slow half: finds the place of the first problem, for the message. */
function locate(value: unknown, path: string, above: readonly unknown[]): UnencodableError | null {
  if (typeof value !== "object" || value === null) {
    const problem = problemOf(value, 0);
    return problem === null ? null : new UnencodableError(path, problem);
  }
  if (above.includes(value)) return new UnencodableError(path, "contains itself");
  if (above.length > depthMax)
    return new UnencodableError(path.slice(0, 200), `is nested deeper than ${depthMax} levels`);
  const inside = [...above, value];
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = locate(value[i], `${path}[${i}]`, inside);
      if (found) return found;
      if (value[i] === undefined)
        return new UnencodableError(`${path}[${i}]`, "is undefined inside an array; use null");
    }
    return null;
  }
  const object = value as Record<string, unknown>;
  const plain = plainProblem(object);
  if (plain !== null) return new UnencodableError(path, plain);
  if (typeof object["toJSON"] === "function") return locate(object["toJSON"](), path, inside);
  for (const key in object) {
    const at = /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
    if (key === "__proto__") return new UnencodableError(at, "is a key named __proto__");
    if (object[key] === undefined) continue;
    const found = locate(object[key], at, inside);
    if (found) return found;
  }
  return null;
}

/** UTF-8 bytes of a text. Counts only when the length alone cannot tell that it is under `enough`. */
export function byteLength(text: string, enough = 0): number {
  if (text.length * 3 <= enough) return text.length;
  return new TextEncoder().encode(text).byteLength;
}

/** The same text for the same value whatever the order of its keys: for hashes, never for storage. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item ?? null)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const object = value as Record<string, unknown>;
    const keys = Object.keys(object).filter((key) => object[key] !== undefined);
    return `{${keys
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonical(object[key])}`)
      .join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}
