import { useQuery } from "@tanstack/react-query";
import type { BulkVerb } from "@wire/bulk.ts";
import type { RunDetail } from "@wire/run.ts";
import type { Verb } from "@wire/verb.ts";
import { ConfirmSheet } from "../../acts/confirm-sheet.tsx";
import { bulkWords } from "../../acts/words.ts";
import { get, post } from "../../api/client.ts";
import { invalidate } from "../../api/queries.ts";
import { listed, plural } from "../../parts/words.ts";
import { announce } from "../../shell/announce.tsx";

const namesMax = 12;

interface Outcome {
  readonly done: number;
  /** What was refused, each with why. */
  readonly refused: readonly string[];
}

/** One verb for the ticked rows, asked of each in turn. Says before which of them allow it. */
export function ChosenSheet({
  ids,
  verb,
  onDone,
  onClose,
}: {
  ids: readonly string[];
  verb: BulkVerb;
  onDone: () => void;
  onClose: () => void;
}) {
  const one: Verb = verb === "redrive" ? "resume" : verb;
  const runs = useQuery({
    queryKey: ["chosen", ids],
    queryFn: () => Promise.all(ids.map((id) => get<RunDetail>(`/api/runs/${id}`))),
    staleTime: 0,
  });
  const able = (runs.data ?? []).filter((run) => run.verbs.includes(one));
  const unable = (runs.data ?? []).filter((run) => !run.verbs.includes(one));
  const name = (run: RunDetail): string => run.key ?? run.id;
  return (
    <ConfirmSheet<Outcome>
      title={`${bulkWords[verb].label} ${plural(ids.length, "chosen run")}`}
      label={`${bulkWords[verb].label} ${plural(able.length, "run")}`}
      leave="Leave them"
      does={bulkWords[verb].does}
      consequences={[
        {
          name: "It is for",
          value: runs.data === undefined ? "being looked up…" : listed(able.map(name), namesMax) || "none",
        },
        ...(unable.length === 0
          ? []
          : [
              {
                name: "Not for",
                value: `${listed(
                  unable.map((run) => `${name(run)} (${run.status})`),
                  namesMax,
                )}`,
              },
            ]),
      ]}
      note="Each run is asked by itself, and its own history tells of it."
      isReady={able.length > 0}
      isReasonNeeded={true}
      act={(reason) => askEach(able, one, reason)}
      onDone={({ done, refused }) => {
        announce(
          `${bulkWords[verb].label}: ${plural(done, "run")}${refused.length === 0 ? "" : `; refused: ${listed(refused, 3)}`}`,
          {
            isProblem: refused.length > 0,
          },
        );
        invalidate("facets", "home", "groups", "run");
        onDone();
      }}
      onClose={onClose}
    />
  );
}

async function askEach(runs: readonly RunDetail[], verb: Verb, reason: string | undefined): Promise<Outcome> {
  const refused: string[] = [];
  for (const run of runs) {
    await post(`/api/runs/${run.id}/${verb}`, reason === undefined ? {} : { reason }).catch((error: Error) =>
      refused.push(`${run.key ?? run.id}: ${error.message}`),
    );
  }
  return { done: runs.length - refused.length, refused };
}
