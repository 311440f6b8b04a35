/**
 * Splits JSON into lines, so that a large value does not create thousands of elements. Objects and lists deeper than
 * `depth` are closed until they are opened; long lists show their first hundred items, long texts their beginning.
 */
export interface JsonLine {
  /** Path from the root, such as `$.items[3].name`. */
  readonly path: string;
  readonly depth: number;
  /** With quotes and colon; null for items of a list and closing brackets. */
  readonly name: string | null;
  readonly text: string;
  readonly kind: "open" | "closed" | "end" | "text" | "number" | "word" | "more";
}

export interface JsonView {
  /** Paths that were opened or closed, against the default for their depth. */
  readonly toggled: ReadonlySet<string>;
  readonly depth: number;
  /** Paths of long lists and texts that are shown in full. */
  readonly whole: ReadonlySet<string>;
}

export const itemsMax = 100;
export const textMax = 2_000;
const linesMax = 200_000;

/** A value shown as its own text, such as a number too large for a double. */
export type Raw = { readonly text: string };

export function jsonLines(
  value: unknown,
  view: JsonView,
  isRaw: (value: unknown) => value is Raw,
): readonly JsonLine[] {
  const lines: JsonLine[] = [];
  add(value, "$", null, 0, "");
  return lines;

  function add(item: unknown, path: string, name: string | null, depth: number, tail: string): void {
    if (lines.length >= linesMax) return;
    if (typeof item !== "object" || item === null || isRaw(item)) {
      lines.push({ path, depth, name, ...leaf(item, path, tail) });
      return;
    }
    const isList = Array.isArray(item);
    const entries: readonly (readonly [string | null, unknown])[] = isList
      ? item.map((each) => [null, each])
      : Object.entries(item);
    const [open, end] = isList ? ["[", "]"] : ["{", "}"];
    if (entries.length === 0) {
      lines.push({ path, depth, name, text: `${open}${end}${tail}`, kind: "word" });
      return;
    }
    const isOpen = view.toggled.has(path) !== depth < view.depth;
    if (!isOpen) {
      const many = `${entries.length} ${isList ? "item" : "field"}${entries.length === 1 ? "" : "s"}`;
      lines.push({ path, depth, name, text: `${open} ${many} ${end}${tail}`, kind: "closed" });
      return;
    }
    lines.push({ path, depth, name, text: open, kind: "open" });
    const shown = view.whole.has(path) ? entries.length : Math.min(entries.length, itemsMax);
    for (const [i, [key, each]] of entries.slice(0, shown).entries())
      add(
        each,
        key === null ? `${path}[${i}]` : `${path}${member(key)}`,
        key === null ? null : `${JSON.stringify(key)}: `,
        depth + 1,
        i === entries.length - 1 ? "" : ",",
      );
    if (shown < entries.length)
      lines.push({ path, depth: depth + 1, name: null, text: `${entries.length - shown} more`, kind: "more" });
    lines.push({ path, depth, name: null, text: `${end}${tail}`, kind: "end" });
  }

  function leaf(item: unknown, path: string, tail: string): Pick<JsonLine, "text" | "kind"> {
    if (isRaw(item)) return { text: `${item.text}${tail}`, kind: "number" };
    if (typeof item !== "string")
      return { text: `${JSON.stringify(item) ?? "null"}${tail}`, kind: typeof item === "number" ? "number" : "word" };
    if (item.length <= textMax || view.whole.has(path)) return { text: `${quote(item)}${tail}`, kind: "text" };
    return { text: `${quote(item.slice(0, textMax))}… ${item.length - textMax} more characters`, kind: "more" };
  }
}

function member(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** A JSON string; control characters and marks that change the text direction are escaped. */
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
