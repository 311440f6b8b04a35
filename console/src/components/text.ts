/** Replaces control characters with visible symbols, so that text cannot disguise itself. */
export function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === "\n" || character === "\t") return character;
    return code < 32 ? String.fromCodePoint(0x2400 + code) : "\u2421";
  });
}

/** The first line of a text, with control characters replaced. */
export function firstLine(text: string): string {
  return escapeControls(text.split("\n", 1)[0] ?? "");
}

const grouped = new Intl.NumberFormat("en", { useGrouping: true });

/** `12,840`. */
export function formatNumber(n: number): string {
  return grouped.format(n);
}

/** `1 run`, `2 runs`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${formatNumber(n)} ${n === 1 ? one : many}`;
}

/** The first names, and the number of the rest. */
export function joinNames(names: readonly string[], max: number): string {
  const more = names.length - max;
  return `${names.slice(0, max).join(", ")}${more > 0 ? ` and ${formatNumber(more)} more` : ""}`;
}
