import { Fragment, useMemo } from "react";
import { baseStyles } from "../../components/basics.tsx";
import { pageStyles } from "../../components/page.tsx";
import { escapeControls, formatNumber, plural } from "../../components/text.ts";
import { type DiffLine, diffLines, hunksOf } from "./line-diff.ts";
import styles from "./versions.module.css";

/** Maximum number of displayed lines. */
const linesMax = 2_000;
const lineMarks: Readonly<Record<DiffLine["kind"], { readonly mark: string; readonly label: string }>> = {
  same: { mark: " ", label: "" },
  removed: { mark: "−", label: "Removed: " },
  added: { mark: "+", label: "Added: " },
};

/** A unified line diff; unchanged ranges are collapsed. */
export function SourceDiff({ a, b }: { a: string; b: string }) {
  const lines = useMemo(() => diffLines(a, b), [a, b]);
  const changed = lines.filter(({ kind }) => kind !== "same").length;
  const hunks = useMemo(() => hunksOf(lines.slice(0, linesMax)), [lines]);
  if (changed === 0)
    return (
      <div className={pageStyles.padded}>
        <p className={baseStyles.muted}>The source is unchanged.</p>
      </div>
    );
  return (
    <section className={styles.source} tabIndex={0} aria-label="Changed lines">
      <table>
        <caption className="visually-hidden">
          {plural(changed, "line")} changed. Each line starts with its number in the old and the new version.
        </caption>
        <tbody>
          {hunks.map((hunk, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the texts do not change
            <Fragment key={i}>
              {"hidden" in hunk ? (
                <tr className={styles.hidden}>
                  <td colSpan={3}>{plural(hunk.hidden, "unchanged line")}</td>
                </tr>
              ) : (
                hunk.lines.map((line) => (
                  <tr key={`${line.a} ${line.b}`} data-kind={line.kind}>
                    <td className={styles.no}>{line.a}</td>
                    <td className={styles.no}>{line.b}</td>
                    <td className={styles.text}>
                      <span aria-hidden="true">{lineMarks[line.kind].mark} </span>
                      <span className="visually-hidden">{lineMarks[line.kind].label}</span>
                      {escapeControls(line.text)}
                    </td>
                  </tr>
                ))
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
      {lines.length > linesMax ? (
        <p className={baseStyles.muted}>
          Only the first {formatNumber(linesMax)} of {formatNumber(lines.length)} lines are shown.
        </p>
      ) : null}
    </section>
  );
}
