import type { RunError } from "@wire/run-error.ts";
import { baseStyles } from "../../components/basics.tsx";
import { PayloadView } from "../../components/payload.tsx";
import { escapeControls, plural } from "../../components/text.ts";
import styles from "./drawer.module.css";

/** An error with its cause. Stack frames of libraries are collapsed. */
export function ErrorView({ error }: { error: RunError }) {
  const frames = (error.stack ?? "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("at "));
  const own = frames.filter((line) => !/node_modules|node:internal|\/baton\/(src|dist)\//.test(line));
  const others = frames.filter((line) => !own.includes(line));
  return (
    <div className={styles.error}>
      <p className={`${baseStyles.message} ${styles.message}`}>{escapeControls(error.message)}</p>
      <pre>
        {escapeControls(error.name)}
        {error.code === undefined ? "" : ` [${escapeControls(error.code)}]`}
        {own.slice(0, 12).map((line) => `\n  ${escapeControls(line)}`)}
      </pre>
      {others.length === 0 ? null : (
        <details>
          <summary>{plural(others.length, "library frame")}</summary>
          <pre>{others.map((line) => `  ${escapeControls(line)}`).join("\n")}</pre>
        </details>
      )}
      {error.details === undefined || error.details === null ? null : (
        <PayloadView value={error.details} label="error details" />
      )}
      {error.cause === undefined || error.cause === null ? null : (
        <>
          <h3>Caused by</h3>
          <ErrorView error={error.cause} />
        </>
      )}
    </div>
  );
}
