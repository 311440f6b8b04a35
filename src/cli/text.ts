/**
 * Escapes text from runs for a terminal. Names, errors and outputs are untrusted: control characters could move the
 * cursor, rename the window or hide earlier output.
 */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is searched for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (char) =>
    char === "\n" || char === "\t" ? " " : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** JSON text that is safe on a terminal: `JSON.stringify` leaves the second block of control characters as they are. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(
    /[\u007f-\u009f]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const codes = { red: 31, green: 32, yellow: 33, blue: 34, grey: 90, bold: 1 } as const;
export type Colour = keyof typeof codes;
export type Paint = (colour: Colour, text: string) => string;

export const unpainted: Paint = (_colour, text) => text;
export const painted: Paint = (colour, text) => `\u001b[${codes[colour]}m${text}\u001b[0m`;

export function colourOfStatus(status: string): Colour {
  switch (status) {
    case "completed":
      return "green";
    case "failed":
    case "lost":
    case "timed-out":
      return "red";
    case "waiting":
    case "suspended":
      return "yellow";
    case "running":
      return "blue";
    default:
      return "grey";
  }
}

/** A column: its heading, its text, and how it is painted. The last column takes the remaining width. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string;
  readonly colour?: (row: Row) => Colour;
}

/** A table under its headings. Only the last column is ever cut, and only for a terminal that is too narrow. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: { paint: Paint; width: number | null },
): string[] {
  const cells = rows.map((row) => columns.map((column) => plain(column.cell(row))));
  const widths = columns.map((column, i) => Math.max(column.head.length, ...cells.map((line) => line[i]?.length ?? 0)));
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const room = options.width === null ? Number.POSITIVE_INFINITY : Math.max(20, options.width - before);
  const last = columns.length - 1;
  const fit = (text: string, i: number): string => {
    if (i < last) return text.padEnd(widths[i] ?? 0);
    return text.length > room ? `${text.slice(0, room - 1)}…` : text;
  };
  const head = columns
    .map((column, i) => options.paint("grey", fit(column.head, i)))
    .join("  ")
    .trimEnd();
  const body = cells.map((line, r) =>
    line
      .map((text, i) => {
        const colour = columns[i]?.colour?.(rows[r] as Row);
        return colour === undefined ? fit(text, i) : options.paint(colour, fit(text, i));
      })
      .join("  ")
      .trimEnd(),
  );
  return [head, ...body];
}

/** How long ago, for lists. */
export function ago(at: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
