import { parseJson } from "../server/http/json-text.ts";

/** JSON that a person typed, under the same rules as a body of the API: nothing of it is changed silently. */
export function readJsonText(text: string, what: string): unknown {
  return parseJson(text, what);
}
