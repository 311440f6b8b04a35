import type { DefinitionView, RecentRuns } from "@wire/definition.ts";
import { Tiles } from "../../components/page.tsx";
import { addCounts, countInFlight, RunCounts } from "../../components/run-counts.tsx";
import { formatNumber } from "../../components/text.ts";
import { formatDuration } from "../../components/time.ts";
import { shareText } from "../workflows/group.ts";

/** Figures of recent runs. */
export function Figures({
  recent,
  versions,
  name,
}: {
  recent: RecentRuns;
  versions: readonly DefinitionView[];
  name: string;
}) {
  const { sampled, completed, failed, p50Ms, p95Ms } = recent;
  const runs = addCounts(versions.map((version) => version.runs));
  const newest = sampled === 0 ? "no runs have ended yet" : sampleText(sampled);
  return (
    <Tiles
      tiles={[
        {
          name: "In flight",
          value: formatNumber(countInFlight(runs)),
          about:
            countInFlight(runs) === 0 ? "no runs in flight" : <RunCounts name={name} runs={runs} only="in-flight" />,
        },
        {
          name: "Completed",
          value: completed + failed === 0 ? "–" : shareText({ completed, ended: completed + failed }),
          about: newest,
        },
        { name: "Failed", value: formatNumber(failed), about: newest },
        { name: "Median duration", value: p50Ms === null ? "–" : formatDuration(p50Ms), about: "p50, start to end" },
        { name: "95th percentile", value: p95Ms === null ? "–" : formatDuration(p95Ms), about: "p95, start to end" },
      ]}
    />
  );
}

/** The number of runs that the figures are based on. */
export function sampleText(sampled: number): string {
  return sampled === 1 ? "of 1 ended run" : `of the last ${formatNumber(sampled)} ended runs`;
}
