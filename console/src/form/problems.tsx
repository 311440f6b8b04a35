import { useEffect, useRef } from "react";
import { baseStyles } from "../components/basics.tsx";
import { type FieldProblem, pathText } from "./check.ts";
import styles from "./form.module.css";

/** A list of all validation errors with links to their fields. It takes the focus when it appears. */
export function ProblemSummary({ problems, id }: { problems: readonly FieldProblem[]; id: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <div ref={box} className={styles.summary} tabIndex={-1} role="alert">
      <strong>{problems.length === 1 ? "1 problem to fix" : `${problems.length} problems to fix`}</strong>
      <ul>
        {problems.map(({ path, message }) => (
          <li key={path}>
            <button
              type="button"
              className={`${baseStyles.asLink} ${baseStyles.wrong}`}
              onClick={() => toField(id, path)}
            >
              {pathText(path)} {message}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Focuses the field of a path, or its nearest existing parent. */
function toField(id: string, path: string): void {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf("/"))) {
    const found = document.getElementById(`${id}${at}`);
    if (found !== null) return found.focus();
    if (at === "") return;
  }
}
