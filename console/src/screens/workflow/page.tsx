import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { DefinitionDetail, DefinitionView } from "@wire/definition.ts";
import { useState } from "react";
import { reads } from "../../api/queries.ts";
import { formatFilter } from "../../parts/filter.ts";
import { Crumbs, Page, Section } from "../../parts/page.tsx";
import { Button, Head, partStyles } from "../../parts/parts.tsx";
import { inFlight } from "../../parts/run-counts.tsx";
import { Loaded } from "../../parts/states.tsx";
import { useKeys } from "../../shell/keys.ts";
import { useReadOnly } from "../../shell/read-only.ts";
import { About } from "./about.tsx";
import { type VersionAct, VersionSheet } from "./acts.tsx";
import { Drawing } from "./drawing.tsx";
import { Figures } from "./figures.tsx";
import { Steps } from "./steps.tsx";
import { Versions } from "./versions.tsx";

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
