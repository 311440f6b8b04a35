import { partStyles } from "../../parts/parts.tsx";
import { count, plain, plural } from "../../parts/words.ts";
import styles from "./compare.module.css";
import type { ValueDiff } from "./diff.ts";

const changesMax = 30;

/** What is different in the value of A from that of B, opened on demand. */
export function Values({ diff }: { diff: ValueDiff }) {
  if (diff.kind === "same") return <span className={partStyles.muted}>same</span>;
  if (diff.kind === "large") return <Large diff={diff} />;
  const { changes } = diff;
  return (
    <details className={styles.values}>
      <summary>differs in {plural(changes.length, "place")}</summary>
      <ul>
        {changes.slice(0, changesMax).map((change) => (
          <li key={change.path.join(".")}>
            <code>{change.path.slice(1).join(".") || "all of it"}</code>
            {change.type === "REMOVE" ? null : <Side name="A" value={change.value} />}
            {change.type === "CREATE" ? null : <Side name="B" value={change.oldValue} />}
          </li>
        ))}
        {changes.length > changesMax ? <li>and {count(changes.length - changesMax)} more</li> : null}
      </ul>
    </details>
  );
}

function Side({ name, value }: { name: string; value: unknown }) {
  const text = JSON.stringify(value) ?? "nothing";
  return (
    <span>
      {name}: <code>{plain(text.length > 160 ? `${text.slice(0, 160)}…` : text)}</code>
    </span>
  );
}

function Large({ diff: { a, b, hrefs } }: { diff: Extract<ValueDiff, { kind: "large" }> }) {
  const said = (bytes: number | null): string => (bytes === null ? "small" : `${count(bytes)} bytes`);
  return (
    <span>
      {a === b ? `large, ${said(a)} in both; not compared here` : `differs: ${said(a)} in A, ${said(b)} in B`}{" "}
      {hrefs.map((href, i) => (
        <a key={href} href={href} target="_blank" rel="noreferrer">
          {hrefs.length === 1 ? "the large one" : i === 0 ? "A" : "B"}{" "}
        </a>
      ))}
    </span>
  );
}
