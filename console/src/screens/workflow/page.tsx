import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { DefinitionDetail, DefinitionView, RecentRuns, RecentStep } from "@wire/definition.ts";
import type { Graph, GraphNode } from "@wire/graph.ts";
import { useState } from "react";
import { reads } from "../../api/queries.ts";
import { formatFilter } from "../../parts/filter.ts";
import { GraphView } from "../../parts/graph.tsx";
import { Crumbs, Facts, Page, pageStyles, Section, Tiles } from "../../parts/page.tsx";
import { Button, Head, partStyles } from "../../parts/parts.tsx";
import { addCounts, inFlight, RunCounts } from "../../parts/run-counts.tsx";
import { Loaded } from "../../parts/states.tsx";
import { duration } from "../../parts/time.ts";
import { count, plural } from "../../parts/words.ts";
import { Moment } from "../../shell/clock.tsx";
import { useKeys } from "../../shell/keys.ts";
import { useReadOnly } from "../../shell/read-only.ts";
import { shareText } from "../workflows/group.ts";
import { type VersionAct, VersionSheet } from "./acts.tsx";
import styles from "./workflow.module.css";

/** One process: what it does, whether it is healthy, and which of its versions still have runs. */
export function WorkflowPage() {
  const { name } = useParams({ from: "/workflows/$name" });
  const definition = useQuery(reads.definition(name));
  return (
    <Page>
      <Crumbs>
        <Link to="/workflows">Workflows</Link>
      </Crumbs>
      {definition.data === undefined ? <Head title={name} /> : null}
      <Loaded of={definition} rows={10}>
        {(data) => <Workflow key={data.name} definition={data} />}
      </Loaded>
    </Page>
  );
}

function Workflow({ definition }: { definition: DefinitionDetail }) {
  const { name, versions, recent } = definition;
  const search = useSearch({ from: "/workflows/$name" });
  const navigate = useNavigate({ from: "/workflows/$name" });
  const isReadOnly = useReadOnly();
  const [asked, setAsked] = useState<VersionAct | null>(null);
  const used = versions.find((version) => version.isUsed);
  const shown = Number(search.version ?? used?.version ?? versions[0]?.version ?? 1);
  const view = versions.find((version) => version.version === shown);
  const pair = pairOf(versions, used);
  const toStart = (): void => void navigate({ to: "/workflows/$name/start", params: { name } });
  useKeys(isReadOnly ? [] : [{ keys: "c", label: `Start ${name}`, run: toStart }]);
  const set = (next: Partial<typeof search>): void =>
    void navigate({ search: (old) => ({ ...old, ...next }), replace: true, resetScroll: false });
  return (
    <>
      <Head title={name} about={used === undefined ? "takes no new starts" : `version ${used.version}`}>
        <Link className={partStyles.button} to="/runs" search={{ q: formatFilter({ fields: { name }, words: "" }) }}>
          Its runs
        </Link>
        {pair === null ? null : (
          <Link className={partStyles.button} to="/workflows/$name/versions" params={{ name }} search={pair}>
            Compare versions
          </Link>
        )}
        {isReadOnly ? null : (
          <Button look="primary" hint="c" onClick={toStart}>
            Start a run
          </Button>
        )}
      </Head>
      <About definition={definition} view={used ?? view} />
      <Figures recent={recent} versions={versions} name={name} />
      <Section
        title="What it does"
        acts={
          <label>
            Version
            <select
              className={partStyles.input}
              value={shown}
              onChange={(event) => set({ version: event.target.value, step: undefined })}
            >
              {versions.map((version) => (
                <option key={version.version} value={version.version}>
                  v{version.version}
                  {version.isUsed ? ", in use" : ""}
                </option>
              ))}
            </select>
          </label>
        }
      >
        <Drawing
          name={name}
          version={shown}
          recent={recent}
          selected={search.step ?? null}
          onSelect={(step) => set({ step: step ?? undefined })}
        />
      </Section>
      <Steps recent={recent} selected={search.step ?? null} onSelect={(step) => set({ step })} />
      <Versions definition={definition} onAct={isReadOnly ? null : setAsked} />
      {asked === null ? null : (
        <VersionSheet
          key={`${asked.act} ${asked.version}`}
          definition={definition}
          asked={asked}
          onClose={() => setAsked(null)}
        />
      )}
    </>
  );
}

/** What a comparison begins with: the version in use beside the newest other one that has runs, else the one before. */
function pairOf(
  versions: readonly DefinitionView[],
  used: DefinitionView | undefined,
): { a: string; b: string } | null {
  const b = used ?? versions[0];
  const others = versions.filter((version) => version !== b);
  const a = others.find((version) => inFlight(version.runs) > 0) ?? others[0];
  return a === undefined || b === undefined ? null : { a: String(a.version), b: String(b.version) };
}

function About({ definition, view }: { definition: DefinitionDetail; view: DefinitionView | undefined }) {
  const { schedules, queue, onFailure, inputSchema } = definition;
  return (
    <Facts
      facts={[
        { name: "File", value: view?.file == null ? null : <code>{view.file}</code> },
        {
          name: "Started by",
          value:
            (view?.triggers.length ?? 0) + schedules.length === 0 ? (
              "people and programs"
            ) : (
              <>
                {view?.triggers.map((trigger) => (
                  <span key={trigger}>
                    event{" "}
                    <Link to="/events" search={{ name: trigger }}>
                      {trigger}
                    </Link>{" "}
                  </span>
                ))}
                {schedules.map((id) => (
                  <span key={id}>
                    schedule{" "}
                    <Link to="/schedules/$id" params={{ id }}>
                      {id}
                    </Link>{" "}
                  </span>
                ))}
              </>
            ),
        },
        { name: "Queue", value: queue },
        {
          name: "When it fails",
          value:
            onFailure === null
              ? null
              : onFailure === "compensate"
                ? "it undoes what was done"
                : "it keeps what was done and waits for a person",
        },
        { name: "Input", value: inputSchema === null ? "anything" : "checked against its schema" },
        {
          name: "Code",
          value:
            view?.fingerprint == null ? null : <code title={view.fingerprint}>{view.fingerprint.slice(0, 12)}</code>,
        },
      ]}
    />
  );
}

function Figures({
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

function newestWords(sampled: number): string {
  return sampled === 1 ? "of the one run that ended" : `of the newest ${count(sampled)} runs that ended`;
}

function Drawing({
  name,
  version,
  recent,
  selected,
  onSelect,
}: {
  name: string;
  version: number;
  recent: RecentRuns;
  selected: string | null;
  onSelect: (step: string | null) => void;
}) {
  const graph = useQuery(reads.graph(name, version));
  return (
    <Loaded of={graph} rows={5}>
      {(data) => {
        const node = data.nodes.find((each) => each.step !== null && each.step === selected);
        return (
          <div className={styles.drawing} data-drawer={node !== undefined}>
            <GraphView
              graph={data}
              selected={selected}
              onSelect={(each) => each.step !== null && onSelect(each.step === selected ? null : each.step)}
              stateOf={(each) => ({
                word: nodeWords(each, recent),
                tone: each.hasUndo ? "undo" : null,
                isTaken: true,
              })}
            />
            {node === undefined ? null : (
              <StepPanel
                node={node}
                recent={recent.steps.find((step) => step.name === node.step)}
                onClose={() => onSelect(null)}
              />
            )}
          </div>
        );
      }}
    </Loaded>
  );
}

const kindWords: Readonly<Record<GraphNode["kind"], string>> = {
  step: "step",
  once: "at most once",
  tx: "own transaction",
  sleep: "sleeps",
  event: "waits for an event",
  child: "child run",
  start: "start",
  emit: "sends an event",
  race: "race",
  attributes: "sets attributes",
  pivot: "point of no return",
  undo: "undo",
  end: "end",
  branch: "branch",
  loop: "loop",
  parallel: "in parallel",
};

function nodeWords(node: GraphNode, recent: RecentRuns): string {
  const figures = recent.steps.find((step) => step.name === node.step);
  const words = node.hasUndo ? `${kindWords[node.kind]}, has an undo` : kindWords[node.kind];
  return figures === undefined ? words : `${words} · p50 ${duration(figures.p50Ms)}`;
}

/** What the code says of a step, and how it went of late. */
function StepPanel({
  node,
  recent,
  onClose,
}: {
  node: Graph["nodes"][number];
  recent: RecentStep | undefined;
  onClose: () => void;
}) {
  return (
    <aside className={styles.step} aria-label={`Step ${node.label}`}>
      <header>
        <h3>{node.label}</h3>
        <Button look="quiet" aria-label="Close the step" onClick={onClose}>
          ✕
        </Button>
      </header>
      <dl>
        <dt>Kind</dt>
        <dd>{kindWords[node.kind]}</dd>
        <dt>Undo</dt>
        <dd>{node.hasUndo ? "says how to take it back" : "none"}</dd>
        {recent === undefined ? null : (
          <>
            <dt>Took</dt>
            <dd>
              p50 {duration(recent.p50Ms)}, p95 {duration(recent.p95Ms)}
            </dd>
            <dt>Retried</dt>
            <dd>
              in {count(recent.retried)} of {plural(recent.count, "run")}
            </dd>
            <dt>Failed</dt>
            <dd>
              in {count(recent.failed)} of {plural(recent.count, "run")}
            </dd>
          </>
        )}
      </dl>
      {recent === undefined ? <p className={partStyles.muted}>No run has recorded it of late.</p> : null}
      <h4>Options</h4>
      {node.options === null ? (
        <p className={partStyles.muted}>None: the defaults hold.</p>
      ) : (
        <pre tabIndex={0}>{node.options}</pre>
      )}
    </aside>
  );
}

function Steps({
  recent,
  selected,
  onSelect,
}: {
  recent: RecentRuns;
  selected: string | null;
  onSelect: (step: string) => void;
}) {
  return (
    <Section title="Steps" about={recent.sampled === 0 ? undefined : newestWords(recent.sampled)}>
      {recent.steps.length === 0 ? (
        <div className={pageStyles.padded}>
          <p className={partStyles.muted}>Figures come with the first run that ends.</p>
        </div>
      ) : (
        <div className={partStyles.scrollX}>
          <table className={`${partStyles.table} ${partStyles.cards}`}>
            <thead>
              <tr>
                <th scope="col">Step</th>
                <th scope="col" data-number={true}>
                  Recorded
                </th>
                <th scope="col" data-number={true}>
                  p50
                </th>
                <th scope="col" data-number={true}>
                  p95
                </th>
                <th scope="col" data-number={true}>
                  Retried
                </th>
                <th scope="col" data-number={true}>
                  Failed
                </th>
              </tr>
            </thead>
            <tbody>
              {recent.steps.map((step) => (
                <tr key={step.name} data-selected={step.name === selected}>
                  <th scope="row">
                    <button type="button" className={styles.stepName} onClick={() => onSelect(step.name)}>
                      {step.name}
                    </button>
                  </th>
                  <td data-label="Recorded" data-number={true}>
                    {count(step.count)}
                  </td>
                  <td data-label="p50" data-number={true}>
                    {duration(step.p50Ms)}
                  </td>
                  <td data-label="p95" data-number={true}>
                    {duration(step.p95Ms)}
                  </td>
                  <td data-label="Retried" data-number={true}>
                    {partOf(step.retried, step.count)}
                  </td>
                  <td data-label="Failed" data-number={true}>
                    <span className={step.failed > 0 ? partStyles.wrong : undefined}>
                      {partOf(step.failed, step.count)}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Section>
  );
}

function partOf(part: number, whole: number): string {
  return part === 0 ? "0" : `${count(part)} (${shareText({ completed: part, ended: whole })})`;
}

function Versions({
  definition: { name, versions },
  onAct,
}: {
  definition: DefinitionDetail;
  onAct: ((asked: VersionAct) => void) | null;
}) {
  return (
    <Section title="Versions" about={plural(versions.length, "version")}>
      <div className={partStyles.scrollX}>
        <table className={`${partStyles.table} ${partStyles.cards}`}>
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">State</th>
              <th scope="col">Runs</th>
              <th scope="col">Since</th>
              {onAct === null ? null : <th scope="col">Acts</th>}
            </tr>
          </thead>
          <tbody>
            {versions.map((view) => (
              <tr key={view.version}>
                <th scope="row">
                  <Link
                    to="/workflows/$name"
                    params={{ name }}
                    search={{ version: String(view.version) }}
                    resetScroll={false}
                  >
                    v{view.version}
                  </Link>
                </th>
                <td data-label="State">
                  <VersionState view={view} />
                </td>
                <td data-label="Runs">
                  <RunCounts name={name} version={view.version} runs={view.runs} />
                </td>
                <td data-label="Since">{view.createdAt === null ? "its first run" : <Moment at={view.createdAt} />}</td>
                {onAct === null ? null : (
                  <td data-label="Acts">
                    <span className={pageStyles.rowActs}>
                      {view.isUsed || view.isRetired ? null : (
                        <Button onClick={() => onAct({ act: "use", version: view.version })}>
                          Use v{view.version}
                        </Button>
                      )}
                      {view.isDrained || view.isRetired ? null : (
                        <Button onClick={() => onAct({ act: "drain", version: view.version })}>
                          Drain v{view.version}
                        </Button>
                      )}
                      {inFlight(view.runs) === 0 || versions.length < 2 ? null : (
                        <Button onClick={() => onAct({ act: "move", version: view.version })}>
                          Move runs of v{view.version}…
                        </Button>
                      )}
                    </span>
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

function VersionState({ view }: { view: DefinitionView }) {
  const words = [
    view.isUsed ? "✓ in use" : null,
    view.isRetired ? "⊘ retired" : view.isDrained ? "drained" : null,
    view.isUsed || view.isDrained || view.isRetired ? null : inFlight(view.runs) > 0 ? "finishes its runs" : "kept",
  ].filter((word) => word !== null);
  return (
    <span>
      {words.join(", ")}
      {view.unloadable === null ? null : (
        <span className={partStyles.wrong}> · ✕ cannot be loaded: {view.unloadable}</span>
      )}
    </span>
  );
}
