import type { DefinitionView, RecentRuns } from "@wire/definition.ts";
import { Tiles } from "../../parts/page.tsx";
import { addCounts, inFlight, RunCounts } from "../../parts/run-counts.tsx";
import { duration } from "../../parts/time.ts";
import { count } from "../../parts/words.ts";
import { shareText } from "../workflows/group.ts";

/** How it went of late, in figures. */
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
  const newest = sampled === 0 ? "no run has ended yet" : newestWords(sampled);
  return (
    <Tiles
      tiles={[
        {
          name: "In flight",
          value: count(inFlight(runs)),
          about: inFlight(runs) === 0 ? "nothing is under way" : <RunCounts name={name} runs={runs} only="in-flight" />,
        },
        {
          name: "Completed",
          value: completed + failed === 0 ? "–" : shareText({ completed, ended: completed + failed }),
          about: newest,
        },
        { name: "Failed", value: count(failed), about: newest },
        { name: "Half take at most", value: p50Ms === null ? "–" : duration(p50Ms), about: "p50, start to end" },
        { name: "95 % take at most", value: p95Ms === null ? "–" : duration(p95Ms), about: "p95, start to end" },
      ]}
    />
  );
}

/** Of how many runs figures tell. */
export function newestWords(sampled: number): string {
  return sampled === 1 ? "of the one run that ended" : `of the newest ${count(sampled)} runs that ended`;
}
