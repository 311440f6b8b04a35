import type { RunError } from "@wire/run-error.ts";
import { partStyles } from "../../parts/parts.tsx";
import { PayloadView } from "../../parts/payload.tsx";
import { plain, plural } from "../../parts/words.ts";
import styles from "./drawer.module.css";

/** An error with its cause; frames of libraries are folded, since the author's own come first. */
export function ErrorView({ error }: { error: RunError }) {
  const frames = (error.stack ?? "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("at "));
  const own = frames.filter((line) => !/node_modules|node:internal|\/baton\/(src|dist)\//.test(line));
  const others = frames.filter((line) => !own.includes(line));
  return (
    <div className={styles.error}>
      <p className={`${partStyles.message} ${styles.message}`}>{plain(error.message)}</p>
      <pre>
        {plain(error.name)}
        {error.code === undefined ? "" : ` [${plain(error.code)}]`}
        {own.slice(0, 12).map((line) => `\n  ${plain(line)}`)}
      </pre>
      {others.length === 0 ? null : (
        <details>
          <summary>{plural(others.length, "frame")} of libraries</summary>
          <pre>{others.map((line) => `  ${plain(line)}`).join("\n")}</pre>
        </details>
      )}
      {error.details === undefined || error.details === null ? null : (
        <PayloadView value={error.details} label="details of the error" />
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
