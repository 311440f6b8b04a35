/**
 * The only serialiser of everything that Baton stores. JSON changes many values silently (`NaN` becomes `null`, a `Map`
 * becomes `{}`). Here such a value is refused with its path, so that what a step returned and what a replay reads are
 * always the same. JSON is stored as text, never as a database's own JSON type, because those differ in what they
 * accept.
 */

/** A value that cannot be stored unchanged. `path` is relative to the value: `.items[3].price`. */
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

/** Deeper than any real document. A cycle reaches it at once. */
export const depthMax = 256;

/** Returns JSON text, or null for `undefined`. Never alters a value: throws `UnencodableError` instead. */
export function encode(value: unknown): string | null {
  if (value === undefined) return null;
  if (problemOf(value, 0) !== null) throw locate(value, "", []) ?? new UnencodableError("", "cannot be stored as JSON");
  return JSON.stringify(value);
}

/** Returns the value that was given to `encode`. */
export function decode(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text);
}

/** Why a value cannot be stored, without its path; null if it can. The fast half: one pass for each value. */
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

/** The slow half: finds the path of the first problem, for the message. */
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

/** UTF-8 bytes of a text. Counts them only if the length alone does not show that there are at most `enough`. */
export function byteLength(text: string, enough = 0): number {
  if (text.length * 3 <= enough) return text.length;
  return new TextEncoder().encode(text).byteLength;
}

/** The same text for equal values, whatever the order of their keys. For hashes, never for storage. */
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
