import { useQuery } from "@tanstack/react-query";
import { reads } from "../../api/queries.ts";
import { barsOf, Histogram } from "../../parts/histogram.tsx";
import { serverNow } from "../../shell/clock.tsx";
import type { Times } from "./times.ts";

const dayMs = 86_400_000;
const shownMs = 5 * dayMs;

/** Starts and failures by the hour, of the times that are asked for or of the last days. */
export function Hours({
  name,
  times,
  onPick,
}: {
  name: string | undefined;
  times: Times;
  onPick: (from: number, to: number) => void;
}) {
  // The window moves on with the hour, not with every render.
  const end = Math.ceil(serverNow() / 3_600_000) * 3_600_000;
  const from = times.from === undefined ? end - shownMs : Date.parse(times.from);
  const to = times.to === undefined ? end : Date.parse(times.to);
  const hours = useQuery(reads.hours({ from: iso(from), to: iso(to), ...(name === undefined ? {} : { name }) }));
  return <Histogram bars={barsOf(hours.data ?? [], from, to)} onPick={onPick} />;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
