import { parseDuration } from "../../stdx/duration.ts";
import { parseTimestamp } from "../../stdx/timestamp.ts";
import type { ProblemPlace } from "../../wire/problem.ts";
import type { Schema } from "./schema.ts";

export type Components = Readonly<Record<string, Schema>>;

/** All schema violations of a value, at most `placesMax`. Empty if the value is valid. */
export function check(schema: Schema, value: unknown, path: string, components: Components = {}): ProblemPlace[] {
  const places: ProblemPlace[] = [];
  visit(schema, value, path, components, places);
  return places.slice(0, placesMax);
}

/** More would not help, and a hostile body could cause thousands. */
const placesMax = 20;

function visit(schema: Schema, value: unknown, path: string, components: Components, places: ProblemPlace[]): void {
  if (places.length >= placesMax) return;
  const fail = (message: string): void => {
    places.push({ path, message });
  };
  if (schema.$ref !== undefined) {
    const target = components[schema.$ref.split("/").at(-1) ?? ""];
    if (target === undefined) return fail(`references an unknown schema ${schema.$ref}`);
    return visit(target, value, path, components, places);
  }
  if (schema.anyOf !== undefined) {
    if (schema.anyOf.every((option) => check(option, value, path, components).length > 0))
      fail("matches none of the allowed forms");
    return;
  }
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length > 0 && !types.some((type) => isOfType(type, value))) {
    return fail(`must be ${types.map(article).join(" or ")}, not ${nameOf(value)}`);
  }
  if (schema.const !== undefined && value !== schema.const) return fail(`must be ${JSON.stringify(schema.const)}`);
  if (schema.enum !== undefined && !schema.enum.includes(value as string)) {
    return fail(`must be one of ${schema.enum.map((each) => JSON.stringify(each)).join(", ")}`);
  }
  if (typeof value === "string") visitText(schema, value, fail);
  else if (typeof value === "number") visitNumber(schema, value, fail);
  else if (Array.isArray(value)) {
    const { items, maxItems } = schema;
    if (maxItems !== undefined && value.length > maxItems) fail(`has more than ${maxItems} items`);
    if (items !== undefined)
      for (const [i, item] of value.entries()) visit(items, item, `${path}[${i}]`, components, places);
  } else if (typeof value === "object" && value !== null) {
    visitObject(schema, value as Record<string, unknown>, path, components, places);
  }
}

function visitObject(
  schema: Schema,
  value: Record<string, unknown>,
  path: string,
  components: Components,
  places: ProblemPlace[],
): void {
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) places.push({ path: fieldPath(path, name), message: "is required" });
  }
  for (const [name, item] of Object.entries(value)) {
    const known = schema.properties !== undefined && Object.hasOwn(schema.properties, name);
    const field = known ? schema.properties?.[name] : schema.additionalProperties;
    if (field === false) {
      const fields = Object.keys(schema.properties ?? {});
      places.push({
        path: fieldPath(path, name),
        message: `is an unknown field; ${fields.length === 0 ? "no fields are allowed" : `allowed: ${fields.join(", ")}`}`,
      });
    } else if (typeof field === "object") visit(field, item, fieldPath(path, name), components, places);
  }
}

function visitText(schema: Schema, value: string, fail: (message: string) => void): void {
  if (schema.minLength !== undefined && value.length < schema.minLength) fail("must not be empty");
  if (schema.maxLength !== undefined && value.length > schema.maxLength)
    fail(`has ${value.length} characters, the limit is ${schema.maxLength}`);
  if (schema.type === "string" && !value.isWellFormed())
    fail("contains a lone surrogate, which is not valid Unicode text");
  if (schema.format === "date-time" && parseTimestamp(value) === null)
    fail('must be a timestamp such as "2026-11-20T09:30:00Z"');
  if (schema.format === "duration" && !isDuration(value))
    fail('must be a duration such as "90s", "1h30m", "2d" or "PT8H"');
}

function visitNumber(schema: Schema, value: number, fail: (message: string) => void): void {
  if (schema.minimum !== undefined && value < schema.minimum) fail(`must be at least ${schema.minimum}`);
  if (schema.maximum !== undefined && value > schema.maximum) fail(`must be at most ${schema.maximum}`);
}

function isDuration(value: string): boolean {
  try {
    parseDuration(value);
    return true;
  } catch {
    return false;
  }
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isSafeInteger(value);
    default:
      return typeof value === type;
  }
}

function article(type: string): string {
  if (type === "null") return "null";
  return type === "integer" ? "a whole number" : /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : article(typeof value);
}

function fieldPath(path: string, name: string): string {
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}
