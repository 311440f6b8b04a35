import type { Params } from "../api/client.ts";

/**
 * The filter syntax for runs, in the text field, in links and in saved views: `name:onboarding status:failed
 * key:deal:8841 some error text`. Text without a field name is searched in ids, keys and errors.
 */
export const filterFields = ["name", "version", "status", "key", "attribute", "fingerprint"] as const;
export type FilterField = (typeof filterFields)[number];

/** A parsed filter: fields with their values, and free text. */
export interface Filter {
  readonly fields: Readonly<Partial<Record<FilterField, string>>>;
  readonly words: string;
}

/** Parses a filter. Never fails: unknown fields are treated as words. */
export function parseFilter(text: string): Filter {
  const fields: Partial<Record<FilterField, string>> = {};
  const words: string[] = [];
  for (const [part] of text.matchAll(/(?:[^\s"]|"[^"]*")+/g)) {
    const at = part.indexOf(":");
    const field = at < 0 ? undefined : filterFields.find((each) => each === part.slice(0, at));
    const value = part.slice(at + 1).replaceAll('"', "");
    if (field === undefined || value === "") words.push(part.replaceAll('"', ""));
    else fields[field] = value;
  }
  return { fields, words: words.join(" ") };
}

/** Formats a filter; parsing the text returns the same filter. */
export function formatFilter({ fields, words }: Filter): string {
  const parts = filterFields.flatMap((field) => {
    const value = fields[field];
    return value === undefined ? [] : [`${field}:${/\s/.test(value) ? `"${value}"` : value}`];
  });
  return [...parts, words].filter((part) => part !== "").join(" ");
}

/** Sets a field of the filter text; null removes it. */
export function withField(text: string, field: FilterField, value: string | null): string {
  const { fields, words } = parseFilter(text);
  const { [field]: _old, ...rest } = fields;
  return formatFilter({ fields: value === null ? rest : { ...rest, [field]: value }, words });
}

/** The filter as query parameters of the API. */
export function filterParams(text: string, times: { from?: string; to?: string } = {}): Params {
  const { fields, words } = parseFilter(text);
  return { ...fields, ...times, ...(words === "" ? {} : { q: words }) };
}

/** The same filter as a CLI command. */
export function asCommand(text: string, times: { from?: string; to?: string } = {}): string {
  const { fields, words } = parseFilter(text);
  const options = Object.entries({ ...fields, ...times }).map(([name, value]) => `--${name} ${quoted(value)}`);
  return ["baton runs", ...(words === "" ? [] : [quoted(words)]), ...options].join(" ");
}

function quoted(value: string | undefined): string {
  const text = value ?? "";
  return /^[\w.:=/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
