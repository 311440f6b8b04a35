import styles from "./spark.module.css";
import { plural } from "./text.ts";

const barPx = 4;
const heightPx = 20;

/** A bar chart of the last 24 hours, with a text description. */
export function Spark({ hours }: { hours: readonly number[] }) {
  const max = Math.max(1, ...hours);
  const width = hours.length * barPx;
  return (
    <svg
      className={styles.spark}
      viewBox={`0 0 ${width} ${heightPx}`}
      width={width}
      height={heightPx}
      role="img"
      aria-label={sparkText(hours)}
    >
      <title>{sparkText(hours)}</title>
      <line x1={0} x2={width} y1={heightPx - 0.5} y2={heightPx - 0.5} />
      {hours.map((n, hour) => {
        const height = n === 0 ? 0 : Math.max(2, Math.round((n / max) * (heightPx - 1)));
        return n === 0 ? null : (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: the position identifies the hour
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

/** `24 h: 12 runs; peak 5 per hour, 3 h ago`. */
export function sparkText(hours: readonly number[]): string {
  const total = hours.reduce((sum, n) => sum + n, 0);
  if (total === 0) return "24 h: no runs";
  const max = Math.max(...hours);
  return `24 h: ${plural(total, "run")}; peak ${max} per hour, ${hourText(hours.length - 1 - hours.lastIndexOf(max))}`;
}

function hourText(back: number): string {
  return back === 0 ? "in the last hour" : `${back} h ago`;
}

/** The same data as a table. */
export function SparkTable({ hours }: { hours: readonly number[] }) {
  return (
    <details className={styles.table}>
      <summary>Show as table</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">Hours ago</th>
            <th scope="col">Runs</th>
          </tr>
        </thead>
        <tbody>
          {hours.map((n, hour) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the position identifies the hour
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
