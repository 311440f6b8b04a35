import { useQuery } from "@tanstack/react-query";
import { get } from "../../api/client.ts";
import { reads } from "../../api/queries.ts";
import { filterParams, formatFilter, parseFilter, withField } from "../../parts/filter.ts";
import { Button } from "../../parts/parts.tsx";
import { Empty } from "../../parts/states.tsx";
import { count } from "../../parts/words.ts";
import { FirstRun } from "./first-run.tsx";

/** Nothing was ever started, or nothing matches: then what would. */
export function Nothing({ q, hasTimes, onFilter }: { q: string; hasTimes: boolean; onFilter: (text: string) => void }) {
  const { fields, words } = parseFilter(q);
  const home = useQuery(reads.home());
  const wider = fields.status === undefined ? "" : withField(q, "status", null);
  const without = useQuery({
    queryKey: ["facets", "wider", wider],
    queryFn: () => get<{ count: number; isExact: boolean }>("/api/runs/count", filterParams(wider)),
    enabled: fields.status !== undefined,
  });
  if (q === "" && !hasTimes) return <FirstRun />;
  return (
    <Empty title={`0 of ${count(home.data?.runs ?? 0)} runs match`}>
      {fields.status === undefined ? null : (
        <p>
          Without <code>status:{fields.status}</code> there are {count(without.data?.count ?? 0)}
          {without.data?.isExact === false ? "+" : ""}. <Button onClick={() => onFilter(wider)}>Leave it out</Button>
        </p>
      )}
      {words === "" ? null : (
        <p>
          <code>{words}</code> is looked for at the beginning of ids and keys, in newer keys, and in the words of
          errors. <Button onClick={() => onFilter(formatFilter({ fields, words: "" }))}>Leave it out</Button>
        </p>
      )}
      <p>
        <Button onClick={() => onFilter("")}>Show all runs</Button>
      </p>
    </Empty>
  );
}
