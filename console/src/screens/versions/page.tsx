import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { DefinitionDetail, DefinitionView } from "@wire/definition.ts";
import type { StepChange, VersionDiff } from "@wire/graph.ts";
import { reads } from "../../api/queries.ts";
import { Crumbs, Facts, Page, pageStyles, Section } from "../../parts/page.tsx";
import { Button, Head, Pill, partStyles } from "../../parts/parts.tsx";
import { inFlight } from "../../parts/run-counts.tsx";
import { Empty, Loaded } from "../../parts/states.tsx";
import { Table } from "../../parts/table.tsx";
import { count, plural, type Shown } from "../../parts/words.ts";
import { useReadOnly } from "../../shell/read-only.ts";
import { MoveVerdict, useMovePreview } from "../workflow/acts.tsx";
import { SourceDiff } from "./source-diff.tsx";
import styles from "./versions.module.css";

/** What changed from one version to another, and whether runs in flight may follow. */
export function VersionsPage() {
  const { name } = useParams({ from: "/workflows/$name/versions" });
  const definition = useQuery(reads.definition(name));
  return (
    <Page>
      <Crumbs>
        <Link to="/workflows">Workflows</Link> /{" "}
        <Link to="/workflows/$name" params={{ name }}>
          {name}
        </Link>
      </Crumbs>
      <Head title={`Versions of ${name}`} />
      <Loaded of={definition} rows={8}>
        {(data) =>
          data.versions.length < 2 ? (
            <Empty title={`${name} has one version`}>
              <p>Change its code: when Baton loads the file again, the new content becomes the next version.</p>
            </Empty>
          ) : (
            <Compare definition={data} />
          )
        }
      </Loaded>
    </Page>
  );
}

function Compare({ definition: { name, versions } }: { definition: DefinitionDetail }) {
  const search = useSearch({ from: "/workflows/$name/versions" });
  const navigate = useNavigate({ from: "/workflows/$name/versions" });
  const used = versions.find((version) => version.isUsed) ?? versions[0];
  const b = Number(search.b ?? used?.version ?? 0);
  const a = Number(search.a ?? versions.find((version) => version.version !== b)?.version ?? 0);
  const set = (next: { a: number; b: number }): void =>
    void navigate({ search: { a: String(next.a), b: String(next.b) }, replace: true });
  const diff = useQuery({ ...reads.diff(name, a, b), enabled: a !== b });
  return (
    <>
      <div className={styles.choose}>
        <VersionPicker label="From" versions={versions} value={a} onChange={(next) => set({ a: next, b })} />
        <VersionPicker label="To" versions={versions} value={b} onChange={(next) => set({ a, b: next })} />
        <Button onClick={() => set({ a: b, b: a })}>Swap</Button>
      </div>
      {a === b ? (
        <Empty title="Both are the same version">
          <p>Choose another one to compare it with.</p>
        </Empty>
      ) : (
        <Loaded of={diff} rows={8}>
          {(data) => <Differences diff={data} />}
        </Loaded>
      )}
    </>
  );
}

function VersionPicker({
  label,
  versions,
  value,
  onChange,
}: {
  label: string;
  versions: readonly DefinitionView[];
  value: number;
  onChange: (version: number) => void;
}) {
  return (
    <label>
      <span>{label}</span>
      <select className={partStyles.input} value={value} onChange={(event) => onChange(Number(event.target.value))}>
        {versions.map(({ version, isUsed, runs }) => (
          <option key={version} value={version}>
            v{version}
            {isUsed ? ", in use" : ""}
            {inFlight(runs) > 0 ? `, ${count(inFlight(runs))} in flight` : ""}
          </option>
        ))}
      </select>
    </label>
  );
}

function Differences({ diff }: { diff: VersionDiff }) {
  const { a, b, steps, isInputChanged, inFlight: runs, source } = diff;
  const changed = steps.filter(({ change }) => change !== "same").length;
  return (
    <>
      <Facts
        facts={[
          { name: "Steps", value: changed === 0 ? "the same in both" : `${plural(changed, "change")}` },
          { name: "Input schema", value: isInputChanged ? "changed" : "the same" },
          { name: `In flight on v${a}`, value: plural(runs, "run") },
        ]}
      />
      <MayMove diff={diff} />
      <Section title="Steps" about={`v${a} beside v${b}`}>
        {steps.length === 0 ? (
          <div className={pageStyles.padded}>
            <p className={partStyles.muted}>No steps could be read from the source of either version.</p>
          </div>
        ) : (
          <StepTable diff={diff} />
        )}
      </Section>
      <Section title="Source" about={source === null ? undefined : `from v${a} to v${b}`}>
        {source === null ? (
          <div className={pageStyles.padded}>
            <p className={partStyles.muted}>The source of one of them is not to be had.</p>
          </div>
        ) : (
          <SourceDiff a={source.a} b={source.b} />
        )}
      </Section>
    </>
  );
}

/** Rehearsed with the runs themselves: a look at the code alone could not tell. */
function MayMove({ diff: { name, a, b, inFlight: runs } }: { diff: VersionDiff }) {
  const isReadOnly = useReadOnly();
  const mayAsk = runs > 0 && !isReadOnly;
  const preview = useMovePreview(name, a, b, mayAsk);
  return (
    <Section title="May runs in flight move?" isPadded={true}>
      {runs === 0 ? (
        <p className={partStyles.muted}>Version {a} has no runs in flight: there is nothing to move.</p>
      ) : mayAsk ? (
        <Loaded of={preview} rows={2}>
          {(moved) => <MoveVerdict moved={moved} />}
        </Loaded>
      ) : (
        <p className={partStyles.muted}>
          A read-only server does not rehearse it. Where the workers are:{" "}
          <code>
            baton move {name} --from {a} --to {b} --dry-run
          </code>
        </p>
      )}
    </Section>
  );
}

const changes: Readonly<Record<StepChange["change"], Shown>> = {
  same: { word: "Same", glyph: "=", tone: "calm" },
  added: { word: "Added", glyph: "+", tone: "ok" },
  removed: { word: "Removed", glyph: "−", tone: "bad" },
  moved: { word: "Moved", glyph: "↕", tone: "warn" },
  options: { word: "Options changed", glyph: "~", tone: "warn" },
};

function StepTable({ diff: { steps, a, b } }: { diff: VersionDiff }) {
  return (
    <Table columns={["Step", "Change", `Options in v${a}`, `Options in v${b}`]} look={styles.steps} isBare={true}>
      {steps.map(({ step, change, before, after }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two steps may share a name
        <tr key={`${step} ${i}`} data-change={change}>
          <th scope="row">{step}</th>
          <td data-label="Change">
            <Pill shown={changes[change]} />
          </td>
          <td data-label={`Options in v${a}`}>
            <Options text={before} isThere={change !== "added"} />
          </td>
          <td data-label={`Options in v${b}`}>
            <Options text={after} isThere={change !== "removed"} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Options({ text, isThere }: { text: string | null; isThere: boolean }) {
  if (text !== null && text !== "") return <code>{text}</code>;
  return <span className={partStyles.muted}>{isThere ? "defaults" : "not there"}</span>;
}
