import { baseStyles } from "../../components/basics.tsx";
import { escapeControls, formatNumber, plural } from "../../components/text.ts";
import styles from "./compare.module.css";
import type { ValueDiff } from "./diff.ts";

const changesMax = 30;

/** The differences between the values of A and B, collapsed at first. */
export function Values({ diff }: { diff: ValueDiff }) {
  if (diff.kind === "same") return <span className={baseStyles.muted}>same</span>;
  if (diff.kind === "large") return <Large diff={diff} />;
  const { changes } = diff;
  return (
    <details className={styles.values}>
      <summary>differs in {plural(changes.length, "place")}</summary>
      <ul>
        {changes.slice(0, changesMax).map((change) => (
          <li key={change.path.join(".")}>
            <code>{change.path.slice(1).join(".") || "whole value"}</code>
            {change.type === "REMOVE" ? null : <Side name="A" value={change.value} />}
            {change.type === "CREATE" ? null : <Side name="B" value={change.oldValue} />}
          </li>
        ))}
        {changes.length > changesMax ? <li>and {formatNumber(changes.length - changesMax)} more</li> : null}
      </ul>
    </details>
  );
}

function Side({ name, value }: { name: string; value: unknown }) {
  const text = JSON.stringify(value) ?? "none";
  return (
    <span>
      {name}: <code>{escapeControls(text.length > 160 ? `${text.slice(0, 160)}…` : text)}</code>
    </span>
  );
}

function Large({ diff: { a, b, hrefs } }: { diff: Extract<ValueDiff, { kind: "large" }> }) {
  const sizeText = (bytes: number | null): string => (bytes === null ? "small" : `${formatNumber(bytes)} bytes`);
  return (
    <span>
      {a === b ? `large, ${sizeText(a)} in both; not compared` : `differs: ${sizeText(a)} in A, ${sizeText(b)} in B`}{" "}
      {hrefs.map((href, i) => (
        <a key={href} href={href} target="_blank" rel="noreferrer">
          {hrefs.length === 1 ? "open" : i === 0 ? "A" : "B"}{" "}
        </a>
      ))}
    </span>
  );
}
