import { Fragment, useMemo } from "react";
import { pageStyles } from "../../parts/page.tsx";
import { partStyles } from "../../parts/parts.tsx";
import { count, plain, plural } from "../../parts/words.ts";
import { type DiffLine, diffLines, hunksOf } from "./line-diff.ts";
import styles from "./versions.module.css";

/** More lines than that nobody reads in a browser. */
const linesMax = 2_000;
const lineMarks: Readonly<Record<DiffLine["kind"], { readonly mark: string; readonly word: string }>> = {
  same: { mark: " ", word: "" },
  removed: { mark: "−", word: "Removed: " },
  added: { mark: "+", word: "Added: " },
};

/** Both texts as one, line by line; what is the same is folded. */
export function SourceDiff({ a, b }: { a: string; b: string }) {
  const lines = useMemo(() => diffLines(a, b), [a, b]);
  const changed = lines.filter(({ kind }) => kind !== "same").length;
  const hunks = useMemo(() => hunksOf(lines.slice(0, linesMax)), [lines]);
  if (changed === 0)
    return (
      <div className={pageStyles.padded}>
        <p className={partStyles.muted}>The source is the same, line by line.</p>
      </div>
    );
  return (
    <section className={styles.source} tabIndex={0} aria-label="Lines that changed">
      <table>
        <caption className="visually-hidden">
          {plural(changed, "line")} changed. Numbers of the old and the new version stand in front of each.
        </caption>
        <tbody>
          {hunks.map((hunk, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the stretches of two fixed texts
            <Fragment key={i}>
              {"hidden" in hunk ? (
                <tr className={styles.hidden}>
                  <td colSpan={3}>{plural(hunk.hidden, "line")} the same</td>
                </tr>
              ) : (
                hunk.lines.map((line) => (
                  <tr key={`${line.a} ${line.b}`} data-kind={line.kind}>
                    <td className={styles.no}>{line.a}</td>
                    <td className={styles.no}>{line.b}</td>
                    <td className={styles.text}>
                      <span aria-hidden="true">{lineMarks[line.kind].mark} </span>
                      <span className="visually-hidden">{lineMarks[line.kind].word}</span>
                      {plain(line.text)}
                    </td>
                  </tr>
                ))
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
      {lines.length > linesMax ? (
        <p className={partStyles.muted}>
          The first {count(linesMax)} of {count(lines.length)} lines are compared here.
        </p>
      ) : null}
    </section>
  );
}
