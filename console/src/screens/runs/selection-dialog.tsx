import { useQuery } from "@tanstack/react-query";
import type { BulkVerb } from "@wire/bulk.ts";
import type { RunDetail } from "@wire/run.ts";
import type { Verb } from "@wire/verb.ts";
import { ConfirmDialog } from "../../actions/confirm-dialog.tsx";
import { bulkActionTexts } from "../../actions/texts.ts";
import { get, post } from "../../api/client.ts";
import { invalidate } from "../../api/queries.ts";
import { joinNames, plural } from "../../components/text.ts";
import { announce } from "../../shell/announce.tsx";

const namesMax = 12;

interface Outcome {
  readonly done: number;
  /** Refused runs with the reason. */
  readonly refused: readonly string[];
}

/** Confirms an action on the selected runs, which are processed one by one. Shows first which runs allow it. */
export function SelectionDialog({
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
    queryKey: ["selection", ids],
    queryFn: () => Promise.all(ids.map((id) => get<RunDetail>(`/api/runs/${id}`))),
    staleTime: 0,
  });
  const allowed = (runs.data ?? []).filter((run) => run.verbs.includes(one));
  const notAllowed = (runs.data ?? []).filter((run) => !run.verbs.includes(one));
  const name = (run: RunDetail): string => run.key ?? run.id;
  return (
    <ConfirmDialog<Outcome>
      title={`${bulkActionTexts[verb].label} ${plural(ids.length, "selected run")}`}
      label={`${bulkActionTexts[verb].label} ${plural(allowed.length, "run")}`}
      cancelLabel={bulkActionTexts[verb].cancelLabel}
      description={bulkActionTexts[verb].description}
      consequences={[
        {
          name: "Applies to",
          value: runs.data === undefined ? "loading…" : joinNames(allowed.map(name), namesMax) || "none",
        },
        ...(notAllowed.length === 0
          ? []
          : [
              {
                name: "Does not apply to",
                value: `${joinNames(
                  notAllowed.map((run) => `${name(run)} (${run.status})`),
                  namesMax,
                )}`,
              },
            ]),
      ]}
      note="The runs are processed one by one; the action is recorded in the history of each."
      isReady={allowed.length > 0}
      isReasonRequired={true}
      onConfirm={(reason) => actOnEach(allowed, one, reason)}
      onDone={({ done, refused }) => {
        announce(
          `${bulkActionTexts[verb].label}: ${plural(done, "run")}${refused.length === 0 ? "" : `; refused: ${joinNames(refused, 3)}`}`,
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

async function actOnEach(runs: readonly RunDetail[], verb: Verb, reason: string | undefined): Promise<Outcome> {
  const refused: string[] = [];
  for (const run of runs) {
    await post(`/api/runs/${run.id}/${verb}`, reason === undefined ? {} : { reason }).catch((error: Error) =>
      refused.push(`${run.key ?? run.id}: ${error.message}`),
    );
  }
  return { done: runs.length - refused.length, refused };
}
