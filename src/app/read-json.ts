import { parseJson } from "../server/http/json-text.ts";

/** Parses JSON that a person typed, with the same rules as an API request body: no value is changed silently. */
export function readJsonText(text: string, what: string): unknown {
  return parseJson(text, what);
}
