/**
 * Encodes lists in the server's array syntax. The driver's own encoder was measured at a third of the cost of a step.
 */
export function numbers(list: readonly (number | null)[]): string {
  // `join` turns null into an empty string, but the server expects NULL.
  return `{${list.map((each) => each ?? "NULL").join(",")}}`;
}

/** A list of any texts, quoted. */
export function texts(list: readonly (string | null)[]): string {
  return `{${list.map((text) => (text === null ? "NULL" : quote(text))).join(",")}}`;
}

function quote(text: string): string {
  return needsEscape.test(text) ? `"${text.replace(/["\\]/g, "\\$&").replaceAll("\0", "\ufffd")}"` : `"${text}"`;
}

const needsEscape = /["\\\0]/;

/**
 * A list of JSON texts, joined by a control character that JSON never contains. Nothing needs quoting, and the server
 * splits them in one call.
 */
export function values(list: readonly (string | null)[]): string {
  return list.map((text) => text ?? "\u001e").join("\u001f");
}
