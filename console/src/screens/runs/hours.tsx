import { useQuery } from "@tanstack/react-query";
import { queries } from "../../api/queries.ts";
import { barsOf, Histogram } from "../../components/histogram.tsx";
import { serverNow } from "../../shell/clock.tsx";
import type { TimeRange } from "./time-range.ts";

const dayMs = 86_400_000;
const shownMs = 5 * dayMs;

/** Started and failed runs per hour, in the selected time range or the last days. */
export function Hours({
  name,
  times,
  onPick,
}: {
  name: string | undefined;
  times: TimeRange;
  onPick: (from: number, to: number) => void;
}) {
  // Rounded up to the hour, so that the window does not change on every render.
  const end = Math.ceil(serverNow() / 3_600_000) * 3_600_000;
  const from = times.from === undefined ? end - shownMs : Date.parse(times.from);
  const to = times.to === undefined ? end : Date.parse(times.to);
  const hours = useQuery(queries.hours({ from: iso(from), to: iso(to), ...(name === undefined ? {} : { name }) }));
  return <Histogram bars={barsOf(hours.data ?? [], from, to)} onPick={onPick} />;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
