import { useQuery } from "@tanstack/react-query";
import { get } from "../../api/client.ts";
import { queries } from "../../api/queries.ts";
import { Button } from "../../components/basics.tsx";
import { filterParams, formatFilter, parseFilter, withField } from "../../components/filter.ts";
import { Empty } from "../../components/states.tsx";
import { formatNumber } from "../../components/text.ts";
import { FirstRun } from "./first-run.tsx";

/** Shown if there are no runs, or none match; then it suggests a wider filter. */
export function NoRuns({ q, hasTimes, onFilter }: { q: string; hasTimes: boolean; onFilter: (text: string) => void }) {
  const { fields, words } = parseFilter(q);
  const home = useQuery(queries.home());
  const wider = fields.status === undefined ? "" : withField(q, "status", null);
  const without = useQuery({
    queryKey: ["facets", "wider", wider],
    queryFn: () => get<{ count: number; isExact: boolean }>("/api/runs/count", filterParams(wider)),
    enabled: fields.status !== undefined,
  });
  if (q === "" && !hasTimes) return <FirstRun />;
  return (
    <Empty title={`0 of ${formatNumber(home.data?.runs ?? 0)} runs match`}>
      {fields.status === undefined ? null : (
        <p>
          Without <code>status:{fields.status}</code>, {formatNumber(without.data?.count ?? 0)}
          {without.data?.isExact === false ? "+" : ""} match. <Button onClick={() => onFilter(wider)}>Remove it</Button>
        </p>
      )}
      {words === "" ? null : (
        <p>
          <code>{words}</code> is searched at the beginning of ids and keys, in newer keys, and in error texts.{" "}
          <Button onClick={() => onFilter(formatFilter({ fields, words: "" }))}>Remove it</Button>
        </p>
      )}
      <p>
        <Button onClick={() => onFilter("")}>Show all runs</Button>
      </p>
    </Empty>
  );
}
