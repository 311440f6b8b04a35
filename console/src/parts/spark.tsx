import styles from "./spark.module.css";
import { plural } from "./words.ts";

const barPx = 4;
const heightPx = 20;

/** The last 24 hours as bars, which also read as a sentence. */
export function Spark({ hours }: { hours: readonly number[] }) {
  const most = Math.max(1, ...hours);
  const width = hours.length * barPx;
  return (
    <svg
      className={styles.spark}
      viewBox={`0 0 ${width} ${heightPx}`}
      width={width}
      height={heightPx}
      role="img"
      aria-label={sparkWords(hours)}
    >
      <title>{sparkWords(hours)}</title>
      <line x1={0} x2={width} y1={heightPx - 0.5} y2={heightPx - 0.5} />
      {hours.map((n, hour) => {
        const height = n === 0 ? 0 : Math.max(2, Math.round((n / most) * (heightPx - 1)));
        return n === 0 ? null : (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: the place is what tells one hour from another
            key={hour}
            x={hour * barPx + 0.5}
            y={heightPx - height}
            width={barPx - 1}
            height={height}
          />
        );
      })}
    </svg>
  );
}

/** `24 h: 12 runs, most of them (5) 3 h ago`. */
export function sparkWords(hours: readonly number[]): string {
  const total = hours.reduce((sum, n) => sum + n, 0);
  if (total === 0) return "24 h: none";
  const most = Math.max(...hours);
  return `24 h: ${plural(total, "run")}; most in one hour ${most}, ${hourWords(hours.length - 1 - hours.lastIndexOf(most))}`;
}

function hourWords(back: number): string {
  return back === 0 ? "in the last one" : `${back} h ago`;
}

/** The same figures as a table. */
export function SparkTable({ hours }: { hours: readonly number[] }) {
  return (
    <details className={styles.table}>
      <summary>The same as a table</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">Hours ago</th>
            <th scope="col">Runs</th>
          </tr>
        </thead>
        <tbody>
          {hours.map((n, hour) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the place is what tells one hour from another
            <tr key={hour}>
              <th scope="row">{hours.length - 1 - hour}</th>
              <td>{n}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
