/** A line of a diff; `a` and `b` are its line numbers in the two texts, from 1. */
export interface DiffLine {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
  readonly a: number | null;
  readonly b: number | null;
}

/** The table of the longest common subsequence has a cell per pair of lines; 4 M cells take about 30 ms. */
const cellsMax = 4_000_000;

/**
 * The line diff of two texts, by longest common subsequence. If the texts are too long for that, everything between their
 * common start and end is shown as replaced.
 */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  const least = Math.min(a.length, b.length);
  let head = 0;
  while (head < least && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < least - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  const same = (): void => void lines.push({ kind: "same", text: a[i] ?? "", a: ++i, b: ++j });
  const removed = (): void => void lines.push({ kind: "removed", text: a[i] ?? "", a: ++i, b: null });
  const added = (): void => void lines.push({ kind: "added", text: b[j] ?? "", a: null, b: ++j });
  while (i < head) same();
  const [endA, endB] = [a.length - tail, b.length - tail];
  const common = commonLengths(a.slice(head, endA), b.slice(head, endB));
  while (i < endA || j < endB) {
    if (i < endA && j < endB && common !== null && a[i] === b[j]) same();
    else if (
      j >= endB ||
      (i < endA && (common === null || common(i - head + 1, j - head) >= common(i - head, j - head + 1)))
    )
      removed();
    else added();
  }
  while (i < a.length) same();
  return lines;
}

/** Length of the longest common subsequence after two positions; null: too many lines to compute. */
function commonLengths(a: readonly string[], b: readonly string[]): ((i: number, j: number) => number) | null {
  const width = b.length + 1;
  if ((a.length + 1) * width > cellsMax) return null;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      table[i * width + j] =
        a[i] === b[j]
          ? (table[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(table[(i + 1) * width + j] ?? 0, table[i * width + j + 1] ?? 0);
  return (i, j) => table[i * width + j] ?? 0;
}

export type Hunk = { readonly lines: readonly DiffLine[] } | { readonly hidden: number };

/** Changed lines with some context; longer unchanged ranges are replaced by their length. */
export function hunksOf(lines: readonly DiffLine[], around = 3): readonly Hunk[] {
  const isNear = new Uint8Array(lines.length);
  for (const [at, { kind }] of lines.entries())
    if (kind !== "same") isNear.fill(1, Math.max(0, at - around), Math.min(lines.length, at + around + 1));
  const hunks: Hunk[] = [];
  for (let from = 0, to = 0; from < lines.length; from = to) {
    while (to < lines.length && isNear[to] === isNear[from]) to++;
    hunks.push(isNear[from] === 1 ? { lines: lines.slice(from, to) } : { hidden: to - from });
  }
  return hunks;
}
