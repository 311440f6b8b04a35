import { type OutputUnit, Validator } from "@cfworker/json-schema";
import { humanizeName, type JsonSchema, resolvePointer } from "./model.ts";

/** A validation error for one field of a value. */
export interface FieldProblem {
  /** JSON pointer of the field, such as `/items/0/name`; empty for the value itself. */
  readonly path: string;
  readonly message: string;
}

/** Validation errors, at most one per field. Null: the schema could not be read. */
export function checkValue(schema: JsonSchema, value: unknown): readonly FieldProblem[] | null {
  let errors: readonly OutputUnit[];
  try {
    errors = new Validator(schema as object, "2020-12", false).validate(value === undefined ? null : value).errors;
  } catch {
    return null;
  }
  const found = new Map<string, string>();
  for (const error of leafErrors(closestBranches(errors))) {
    const { path, message } = problemOf(error, schema);
    const known = found.get(path);
    // If a format and its pattern both fail, the message of the format is kept.
    if (known === undefined || (known === patternText && message !== requiredText)) found.set(path, message);
  }
  return [...found].map(([path, message]) => ({ path, message }));
}

const combinators = /\/(oneOf|anyOf)\/(\d+)/g;

/** Of the branches of a oneOf or anyOf, keeps only the errors of the closest one: matching constants, then fewest errors. */
function closestBranches(errors: readonly OutputUnit[]): readonly OutputUnit[] {
  const places = new Map<string, Map<string, OutputUnit[]>>();
  for (const error of errors)
    for (const match of error.keywordLocation.matchAll(combinators)) {
      const place = error.keywordLocation.slice(0, match.index);
      const branches = places.get(place) ?? new Map<string, OutputUnit[]>();
      places.set(place, branches);
      branches.set(match[0], [...(branches.get(match[0]) ?? []), error]);
    }
  let left = errors;
  for (const [place, branches] of places) {
    const [best] = [...branches].toSorted((a, b) => weightOf(a[1]) - weightOf(b[1]));
    if (best === undefined) continue;
    left = left.filter(({ keywordLocation: at }) => {
      const isInside = at.startsWith(`${place}/oneOf/`) || at.startsWith(`${place}/anyOf/`);
      return !isInside || at === `${place}${best[0]}` || at.startsWith(`${place}${best[0]}/`);
    });
  }
  return left;
}

function weightOf(errors: readonly OutputUnit[]): number {
  return errors.reduce((sum, { keyword }) => sum + (keyword === "const" || keyword === "type" ? 100 : 1), 0);
}

const groups = new Set(["properties", "items", "prefixItems", "$ref", "allOf", "oneOf", "anyOf", "if", "then", "else"]);

/** Drops errors that only report that something nested is wrong. */
function leafErrors(errors: readonly OutputUnit[]): readonly OutputUnit[] {
  const isTold = (error: OutputUnit): boolean =>
    errors.some(
      (each) =>
        each !== error &&
        each.keywordLocation.length > error.keywordLocation.length &&
        each.keywordLocation.startsWith(error.keywordLocation),
    );
  return errors.filter((error) => !groups.has(error.keyword) || !isTold(error));
}

const requiredText = "is required";
const patternText = "does not match the required pattern";

function problemOf(error: OutputUnit, schema: JsonSchema): FieldProblem {
  const path = error.instanceLocation.replace(/^#/, "");
  const limit = limitAt(schema, error.keywordLocation);
  const property = /property "?([^"]+?)"?[ .]/.exec(`${error.error} `)?.[1];
  switch (error.keyword) {
    case "required":
      return { path: property === undefined ? path : `${path}/${pointerPart(property)}`, message: requiredText };
    case "additionalProperties":
    case "unevaluatedProperties":
    case "false":
      return { path, message: property === undefined ? "is not allowed here" : `has an unknown field ${property}` };
    case "type":
      return { path, message: `must be ${typeText(limit)}` };
    case "enum":
      return { path, message: `must be one of ${listText(limit)}` };
    case "const":
      return { path, message: `must be ${JSON.stringify(limit)}` };
    case "minimum":
      return { path, message: `must be at least ${limit}` };
    case "maximum":
      return { path, message: `must be at most ${limit}` };
    case "exclusiveMinimum":
      return { path, message: `must be more than ${limit}` };
    case "exclusiveMaximum":
      return { path, message: `must be less than ${limit}` };
    case "multipleOf":
      return { path, message: `must be a multiple of ${limit}` };
    case "minLength":
      return { path, message: limit === 1 ? "must not be empty" : `must have at least ${limit} characters` };
    case "maxLength":
      return { path, message: `must have at most ${limit} characters` };
    case "minItems":
      return { path, message: limit === 1 ? "must have at least one item" : `must have at least ${limit} items` };
    case "maxItems":
      return { path, message: `must have at most ${limit} ${limit === 1 ? "item" : "items"}` };
    case "uniqueItems":
      return { path, message: "must not contain duplicates" };
    case "format":
      return { path, message: formatText(String(limit)) };
    case "pattern": {
      // If the field also has a format, its message is easier to read than the pattern.
      const format = limitAt(schema, error.keywordLocation.replace(/pattern$/, "format"));
      return { path, message: typeof format === "string" ? formatText(format) : patternText };
    }
    case "oneOf":
    case "anyOf":
      return { path, message: "matches none of the allowed variants" };
    default:
      return { path, message: error.error };
  }
}

const formatTexts: Readonly<Record<string, string>> = {
  email: "an email address, such as ada@example.com",
  uri: "a full URL, such as https://example.com",
  date: "a date, such as 2026-05-31",
  "date-time": "a date and time",
  time: "a time, such as 09:30:00",
  uuid: "a UUID",
  duration: "a duration, such as PT8H",
};

function formatText(format: string): string {
  return `must be ${formatTexts[format] ?? `in the format ${format}`}`;
}

function typeText(type: unknown): string {
  const words: Readonly<Record<string, string>> = {
    string: "text",
    number: "a number",
    integer: "a whole number",
    boolean: "true or false",
    array: "a list",
    object: "an object",
    null: "null",
  };
  const all = (Array.isArray(type) ? type : [type]).map((each) => words[String(each)] ?? String(each));
  return all.join(" or ");
}

function listText(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(", ") : "the allowed values";
}

/** The value of the keyword at a location of the schema; references are followed. */
function limitAt(schema: JsonSchema, location: string): unknown {
  let at: unknown = schema;
  for (const part of location.replace(/^#\/?/, "").split("/").filter(Boolean)) {
    const name = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    const next = typeof at === "object" && at !== null ? (at as JsonSchema)[name] : undefined;
    at = name === "$ref" && typeof next === "string" ? resolvePointer(schema, next) : next;
  }
  return at;
}

function pointerPart(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** A readable path: `/items/0/unitPrice` is "Items 1, Unit price". */
export function pathText(path: string): string {
  const parts = path.split("/").slice(1);
  if (parts.length === 0) return "The input";
  const words: string[] = [];
  for (const part of parts) {
    const last = words.pop();
    if (/^\d+$/.test(part) && last !== undefined) words.push(`${last} ${Number(part) + 1}`);
    else
      words.push(...(last === undefined ? [] : [last]), humanizeName(part.replaceAll("~1", "/").replaceAll("~0", "~")));
  }
  return words.join(", ");
}
