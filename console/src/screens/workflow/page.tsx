import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { DefinitionDetail, DefinitionView } from "@wire/definition.ts";
import { useState } from "react";
import { queries } from "../../api/queries.ts";
import { Button, baseStyles, PageHeader } from "../../components/basics.tsx";
import { formatFilter } from "../../components/filter.ts";
import { Breadcrumbs, Page, Section } from "../../components/page.tsx";
import { countInFlight } from "../../components/run-counts.tsx";
import { Loaded } from "../../components/states.tsx";
import { useReadOnly } from "../../shell/read-only.ts";
import { useShortcuts } from "../../shell/shortcuts.ts";
import { About } from "./about.tsx";
import { Figures } from "./figures.tsx";
import { Steps } from "./steps.tsx";
import { type VersionAction, VersionActionDialog } from "./version-dialogs.tsx";
import { Versions } from "./versions.tsx";
import { WorkflowGraph } from "./workflow-graph.tsx";

/** One workflow: its graph, recent figures and versions. */
export function WorkflowPage() {
  const { name } = useParams({ from: "/workflows/$name" });
  const definition = useQuery(queries.definition(name));
  return (
    <Page>
      <Breadcrumbs>
        <Link to="/workflows">Workflows</Link>
      </Breadcrumbs>
      {definition.data === undefined ? <PageHeader title={name} /> : null}
      <Loaded query={definition} rows={10}>
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
  const [action, setAction] = useState<VersionAction | null>(null);
  const used = versions.find((version) => version.isUsed);
  const shown = Number(search.version ?? used?.version ?? versions[0]?.version ?? 1);
  const view = versions.find((version) => version.version === shown);
  const pair = pairOf(versions, used);
  const toStart = (): void => void navigate({ to: "/workflows/$name/start", params: { name } });
  useShortcuts(isReadOnly ? [] : [{ keys: "c", label: `Start ${name}`, run: toStart }]);
  const set = (next: Partial<typeof search>): void =>
    void navigate({ search: (old) => ({ ...old, ...next }), replace: true, resetScroll: false });
  return (
    <>
      <PageHeader title={name} about={used === undefined ? "accepts no new runs" : `version ${used.version}`}>
        <Link className={baseStyles.button} to="/runs" search={{ q: formatFilter({ fields: { name }, words: "" }) }}>
          Show runs
        </Link>
        {pair === null ? null : (
          <Link className={baseStyles.button} to="/workflows/$name/versions" params={{ name }} search={pair}>
            Compare versions
          </Link>
        )}
        {isReadOnly ? null : (
          <Button variant="primary" hint="c" onClick={toStart}>
            Start a run
          </Button>
        )}
      </PageHeader>
      <About definition={definition} view={used ?? view} />
      <Figures recent={recent} versions={versions} name={name} />
      <Section
        title="Graph"
        actions={
          <label>
            Version
            <select
              className={baseStyles.input}
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
        <WorkflowGraph
          name={name}
          version={shown}
          recent={recent}
          selected={search.step ?? null}
          onSelect={(step) => set({ step: step ?? undefined })}
        />
      </Section>
      <Steps recent={recent} selected={search.step ?? null} onSelect={(step) => set({ step })} />
      <Versions definition={definition} onAction={isReadOnly ? null : setAction} />
      {action === null ? null : (
        <VersionActionDialog
          key={`${action.kind} ${action.version}`}
          definition={definition}
          action={action}
          onClose={() => setAction(null)}
        />
      )}
    </>
  );
}

/** The default comparison: the version in use, and the newest other one with runs in flight, else the previous one. */
function pairOf(
  versions: readonly DefinitionView[],
  used: DefinitionView | undefined,
): { a: string; b: string } | null {
  const b = used ?? versions[0];
  const others = versions.filter((version) => version !== b);
  const a = others.find((version) => countInFlight(version.runs) > 0) ?? others[0];
  return a === undefined || b === undefined ? null : { a: String(a.version), b: String(b.version) };
}
