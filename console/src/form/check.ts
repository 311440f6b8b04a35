import { type OutputUnit, Validator } from "@cfworker/json-schema";
import { type JsonSchema, nameWords, pointed } from "./model.ts";

/** What is wrong at one place of a value, in words. */
export interface FieldProblem {
  /** JSON pointer of the field, such as `/items/0/name`; empty for the value itself. */
  readonly path: string;
  readonly message: string;
}

/** Every place that the schema refuses, each once. Null: the schema itself is not readable. */
export function checkValue(schema: JsonSchema, value: unknown): readonly FieldProblem[] | null {
  let errors: readonly OutputUnit[];
  try {
    errors = new Validator(schema as object, "2020-12", false).validate(value === undefined ? null : value).errors;
  } catch {
    return null;
  }
  const found = new Map<string, string>();
  for (const error of leaves(chosenBranches(errors))) {
    const { path, message } = wordsOf(error, schema);
    const known = found.get(path);
    // Of a format and the pattern that says the same the format is the one to tell.
    if (known === undefined || (known === patternWords && message !== requiredWords)) found.set(path, message);
  }
  return [...found].map(([path, message]) => ({ path, message }));
}

const combinators = /\/(oneOf|anyOf)\/(\d+)/g;

/** Of alternatives only the one that was meant is told about: that with its fixed values right, and the fewest errors. */
function chosenBranches(errors: readonly OutputUnit[]): readonly OutputUnit[] {
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

/** Errors that only say that something inside of them is wrong are left out. */
function leaves(errors: readonly OutputUnit[]): readonly OutputUnit[] {
  const isTold = (error: OutputUnit): boolean =>
    errors.some(
      (each) =>
        each !== error &&
        each.keywordLocation.length > error.keywordLocation.length &&
        each.keywordLocation.startsWith(error.keywordLocation),
    );
  return errors.filter((error) => !groups.has(error.keyword) || !isTold(error));
}

const requiredWords = "is required";
const patternWords = "does not have the form that is asked for";

function wordsOf(error: OutputUnit, schema: JsonSchema): FieldProblem {
  const path = error.instanceLocation.replace(/^#/, "");
  const limit = limitAt(schema, error.keywordLocation);
  const property = /property "?([^"]+?)"?[ .]/.exec(`${error.error} `)?.[1];
  switch (error.keyword) {
    case "required":
      return { path: property === undefined ? path : `${path}/${pointerPart(property)}`, message: requiredWords };
    case "additionalProperties":
    case "unevaluatedProperties":
    case "false":
      return { path, message: property === undefined ? "is not expected here" : `knows no ${property}` };
    case "type":
      return { path, message: `must be ${typeWords(limit)}` };
    case "enum":
      return { path, message: `must be one of ${listWords(limit)}` };
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
      return { path, message: limit === 1 ? "needs at least one" : `needs at least ${limit}` };
    case "maxItems":
      return { path, message: `may have at most ${limit}` };
    case "uniqueItems":
      return { path, message: "has the same twice" };
    case "format":
      return { path, message: formatOf(String(limit)) };
    case "pattern": {
      // A pattern beside a format says more exactly what the format says in words.
      const format = limitAt(schema, error.keywordLocation.replace(/pattern$/, "format"));
      return { path, message: typeof format === "string" ? formatOf(format) : patternWords };
    }
    case "oneOf":
    case "anyOf":
      return { path, message: "fits none of the ways in which it may be given" };
    default:
      return { path, message: error.error };
  }
}

const formatWords: Readonly<Record<string, string>> = {
  email: "an e-mail address, such as ada@example.com",
  uri: "a whole address, such as https://example.com",
  date: "a date, such as 2026-05-31",
  "date-time": "a date and time",
  time: "a time, such as 09:30:00",
  uuid: "a UUID",
  duration: "a length of time, such as PT8H",
};

function formatOf(format: string): string {
  return `must be ${formatWords[format] ?? `of the form ${format}`}`;
}

function typeWords(type: unknown): string {
  const words: Readonly<Record<string, string>> = {
    string: "a text",
    number: "a number",
    integer: "a whole number",
    boolean: "yes or no",
    array: "a list",
    object: "an object",
    null: "nothing",
  };
  const all = (Array.isArray(type) ? type : [type]).map((each) => words[String(each)] ?? String(each));
  return all.join(" or ");
}

function listWords(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(", ") : "the known values";
}

/** The value of the keyword in the schema; the way to it may lead through references. */
function limitAt(schema: JsonSchema, location: string): unknown {
  let at: unknown = schema;
  for (const part of location.replace(/^#\/?/, "").split("/").filter(Boolean)) {
    const name = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    const next = typeof at === "object" && at !== null ? (at as JsonSchema)[name] : undefined;
    at = name === "$ref" && typeof next === "string" ? pointed(schema, next) : next;
  }
  return at;
}

function pointerPart(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** A path as a person reads it: `/items/0/unitPrice` is "Items 1, Unit price". */
export function pathWords(path: string): string {
  const parts = path.split("/").slice(1);
  if (parts.length === 0) return "It";
  const words: string[] = [];
  for (const part of parts) {
    const last = words.pop();
    if (/^\d+$/.test(part) && last !== undefined) words.push(`${last} ${Number(part) + 1}`);
    else words.push(...(last === undefined ? [] : [last]), nameWords(part.replaceAll("~1", "/").replaceAll("~0", "~")));
  }
  return words.join(", ");
}
