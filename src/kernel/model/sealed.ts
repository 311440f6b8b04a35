/** How a sealed value begins as JSON text. Values of people that begin so are refused. */
const mark = '{"$sealed":';

/** Whether a value is sealed as a whole. */
export function isSealed(text: string | null): text is string {
  return text?.startsWith(mark) ?? false;
}

/** Whether any part of a value is sealed. */
export function hasSealed(text: string | null): boolean {
  return text?.includes(mark) ?? false;
}
