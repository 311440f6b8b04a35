import { useQuery } from "@tanstack/react-query";
import type { Graph } from "@wire/graph.ts";
import type { RunDetail } from "@wire/run.ts";
import type { Step } from "@wire/step.ts";
import { queries } from "../../api/queries.ts";
import { Facts } from "../../components/page.tsx";
import { formatDuration } from "../../components/time.ts";

/** The step as declared in code, and its recent figures in other runs. */
export function Policy({ run, step, graph }: { run: RunDetail; step: Step; graph: Graph | undefined }) {
  const node = graph?.nodes.find((each) => each.step === step.name);
  const recent = useQuery(queries.definition(run.name)).data?.recent.steps.find((each) => each.name === step.name);
  const undo = node === undefined ? "unknown" : node.hasUndo ? "declared" : "none: this step cannot be undone";
  return (
    <Facts
      isStacked={true}
      facts={[
        { name: "Kind", value: step.kind },
        {
          name: "Options",
          value: node?.options == null ? "workflow defaults" : <code>{node.options}</code>,
        },
        { name: "Undo", value: undo },
        {
          name: "Idempotency key",
          value: (
            <>
              same for all attempts: <code>{`${run.id}:${step.key}`}</code>
            </>
          ),
        },
        {
          name: "Recent runs",
          value:
            recent === undefined
              ? null
              : `p50 ${formatDuration(recent.p50Ms)}, p95 ${formatDuration(recent.p95Ms)}; ${recent.failed} of ${recent.count} failed, ${recent.retried} retried`,
        },
      ]}
    />
  );
}
