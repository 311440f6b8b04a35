/** How a sealed value begins as JSON text. Values from users that begin like this are refused. */
const mark = '{"$sealed":';

/** Whether a value is sealed as a whole. */
export function isSealed(text: string | null): text is string {
  return text?.startsWith(mark) ?? false;
}

/** Whether any part of a value is sealed. */
export function hasSealed(text: string | null): boolean {
  return text?.includes(mark) ?? false;
}

/** Whether a user's value looks like a sealed one: it would be taken for damaged, and be masked. */
export function looksSealed(text: string | null): boolean {
  return text?.includes('"$sealed":') ?? false;
}

/** Replaces a sensitive value everywhere except in the answer to `reveal`. */
export const masked = { sensitive: true } as const;

/** A JSON text that is safe to show: sealed values are masked wherever they are. */
export function maskText(text: string): string {
  return hasSealed(text) ? JSON.stringify(maskSealed(JSON.parse(text))) : text;
}

function maskSealed(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("$sealed" in value) return masked;
  if (Array.isArray(value)) return value.map(maskSealed);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, maskSealed(part)]));
}
