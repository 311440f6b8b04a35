import { plain } from "./text.ts";

/** Number of keys to show around the first difference. */
const aroundMax = 6;

/** The recorded step keys next to those that the code asks for now; the first difference is marked. */
export function sideBySide(recorded: readonly string[], asked: readonly string[]): readonly string[] {
  const count = Math.max(recorded.length, asked.length);
  const differs = Array.from({ length: count }, (_, i) => i).find((i) => recorded[i] !== asked[i]) ?? count;
  const from = Math.max(0, differs - aroundMax);
  const to = Math.min(count, differs + aroundMax);
  const cells = (keys: readonly string[]): string[] =>
    Array.from({ length: to - from }, (_, i) => plain(keys[from + i] ?? ""));
  const [left, right] = [cells(recorded), cells(asked)];
  const width = Math.max("RECORDED".length, ...left.map((key) => key.length));
  return [
    `      ${"RECORDED".padEnd(width)}  CODE`,
    ...left.map((key, i) =>
      `  ${from + i === differs ? ">" : " "}${String(from + i + 1).padStart(3)} ${key.padEnd(width)}  ${right[i] ?? ""}`.trimEnd(),
    ),
  ];
}
