import type { Graph } from "@wire/graph.ts";
import type { RunDetail } from "@wire/run.ts";
import { useState } from "react";
import { Chip } from "../../components/basics.tsx";
import { Empty, Problem } from "../../components/states.tsx";
import { GraphTab } from "./graph-tab.tsx";
import { History } from "./history.tsx";
import styles from "./run.module.css";
import type { Steps } from "./steps.ts";
import { Timeline } from "./timeline.tsx";

/** The views of a run. */
export const views = { time: "Timeline", graph: "Graph", events: "History" } as const;
export type View = keyof typeof views;

/** The steps of the run as a timeline or a graph, or the run's history. */
export function StepsPanel({
  run,
  steps,
  graph,
  view,
  onView,
  selected,
  onSelect,
  onRows,
}: {
  run: RunDetail;
  steps: Steps;
  graph: { readonly data: Graph | undefined; readonly error: unknown };
  view: View;
  onView: (view: View) => void;
  selected: string | null;
  onSelect: (key: string) => void;
  /** Called with the visible rows. */
  onRows: (first: number, last: number) => void;
}) {
  const [isFolded, setFolded] = useState(true);
  const [withPath, setPath] = useState(true);
  return (
    <section className={styles.panel} aria-label="Steps">
      <div className={styles.views}>
        {(Object.keys(views) as View[]).map((each) => (
          <Chip key={each} isPressed={view === each} onClick={() => onView(each)}>
            {views[each]}
          </Chip>
        ))}
        {view === "time" ? (
          <span className={styles.switches}>
            <Chip isPressed={isFolded} onClick={() => setFolded(!isFolded)}>
              Hide idle time
            </Chip>
            <Chip isPressed={withPath} onClick={() => setPath(!withPath)}>
              Critical path
            </Chip>
          </span>
        ) : null}
      </div>
      {view === "time" ? (
        <>
          <Timeline
            run={run}
            steps={steps}
            selected={selected}
            onSelect={onSelect}
            onView={onRows}
            isFolded={isFolded}
            withPath={withPath}
          />
          {steps.count === 0 ? <Empty title="No steps yet" /> : null}
        </>
      ) : null}
      {view === "graph" && graph.data !== undefined ? (
        <GraphTab run={run} graph={graph.data} steps={steps} selected={selected} onSelect={onSelect} />
      ) : null}
      {view === "graph" && graph.data === undefined && graph.error !== null ? <Problem error={graph.error} /> : null}
      {view === "events" ? <History run={run} /> : null}
    </section>
  );
}
