import { useEffect, useRef } from "react";
import { partStyles } from "../parts/parts.tsx";
import { type FieldProblem, pathWords } from "./check.ts";
import styles from "./form.module.css";

/** All that is wrong, in words, each leading to its field. It takes the focus when it appears. */
export function ProblemSummary({ problems, id }: { problems: readonly FieldProblem[]; id: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <div ref={box} className={styles.summary} tabIndex={-1} role="alert">
      <strong>
        {problems.length === 1 ? "One thing is not right yet" : `${problems.length} things are not right yet`}
      </strong>
      <ul>
        {problems.map(({ path, message }) => (
          <li key={path}>
            <button
              type="button"
              className={`${partStyles.asLink} ${partStyles.wrong}`}
              onClick={() => toField(id, path)}
            >
              {pathWords(path)} {message}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The field of a path, or the nearest part around it that is there. */
function toField(id: string, path: string): void {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf("/"))) {
    const found = document.getElementById(`${id}${at}`);
    if (found !== null) return found.focus();
    if (at === "") return;
  }
}
