import { useQuery } from "@tanstack/react-query";
import type { Graph } from "@wire/graph.ts";
import type { RunDetail } from "@wire/run.ts";
import type { Step } from "@wire/step.ts";
import { reads } from "../../api/queries.ts";
import { Facts } from "../../parts/page.tsx";
import { duration } from "../../parts/time.ts";

/** What the code says of a step, and how it went lately in other runs. */
export function Policy({ run, step, graph }: { run: RunDetail; step: Step; graph: Graph | undefined }) {
  const node = graph?.nodes.find((each) => each.step === step.name);
  const recent = useQuery(reads.definition(run.name)).data?.recent.steps.find((each) => each.name === step.name);
  const undo = node === undefined ? "not known here" : node.hasUndo ? "says how" : "none: what it does stays done";
  return (
    <Facts
      isStacked={true}
      facts={[
        { name: "Kind", value: step.kind },
        {
          name: "Options",
          value: node?.options == null ? "those of the workflow" : <code>{node.options}</code>,
        },
        { name: "Undo", value: undo },
        {
          name: "Idempotency key",
          value: (
            <>
              one for all attempts: <code>{`${run.id}:${step.key}`}</code>
            </>
          ),
        },
        {
          name: "Lately",
          value:
            recent === undefined
              ? null
              : `p50 ${duration(recent.p50Ms)}, p95 ${duration(recent.p95Ms)}; ${recent.failed} of ${recent.count} failed, ${recent.retried} retried`,
        },
      ]}
    />
  );
}
