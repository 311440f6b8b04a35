import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { DefinitionDetail, DefinitionView } from "@wire/definition.ts";
import type { StepChange, VersionDiff } from "@wire/graph.ts";
import { queries } from "../../api/queries.ts";
import { Button, baseStyles, PageHeader, Pill } from "../../components/basics.tsx";
import { Breadcrumbs, Facts, Page, pageStyles, Section } from "../../components/page.tsx";
import { countInFlight } from "../../components/run-counts.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import type { Badge } from "../../components/status.ts";
import { Table } from "../../components/table.tsx";
import { formatNumber, plural } from "../../components/text.ts";
import { useReadOnly } from "../../shell/read-only.ts";
import { MoveVerdict, useMovePreview } from "../workflow/version-dialogs.tsx";
import { SourceDiff } from "./source-diff.tsx";
import styles from "./versions.module.css";

/** The difference between two versions, and whether runs in flight can move to the new one. */
export function VersionsPage() {
  const { name } = useParams({ from: "/workflows/$name/versions" });
  const definition = useQuery(queries.definition(name));
  return (
    <Page>
      <Breadcrumbs>
        <Link to="/workflows">Workflows</Link> /{" "}
        <Link to="/workflows/$name" params={{ name }}>
          {name}
        </Link>
      </Breadcrumbs>
      <PageHeader title={`Versions of ${name}`} />
      <Loaded query={definition} rows={8}>
        {(data) =>
          data.versions.length < 2 ? (
            <Empty title={`${name} has one version`}>
              <p>Change its code. When Baton reloads the file, the new content becomes the next version.</p>
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
  const diff = useQuery({ ...queries.diff(name, a, b), enabled: a !== b });
  return (
    <>
      <div className={styles.picker}>
        <VersionPicker label="From" versions={versions} value={a} onChange={(next) => set({ a: next, b })} />
        <VersionPicker label="To" versions={versions} value={b} onChange={(next) => set({ a, b: next })} />
        <Button onClick={() => set({ a: b, b: a })}>Swap</Button>
      </div>
      {a === b ? (
        <Empty title="Both are the same version">
          <p>Select two different versions.</p>
        </Empty>
      ) : (
        <Loaded query={diff} rows={8}>
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
      <select className={baseStyles.input} value={value} onChange={(event) => onChange(Number(event.target.value))}>
        {versions.map(({ version, isUsed, runs }) => (
          <option key={version} value={version}>
            v{version}
            {isUsed ? ", in use" : ""}
            {countInFlight(runs) > 0 ? `, ${formatNumber(countInFlight(runs))} in flight` : ""}
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
          { name: "Steps", value: changed === 0 ? "no changes" : plural(changed, "change") },
          { name: "Input schema", value: isInputChanged ? "changed" : "unchanged" },
          { name: `In flight on v${a}`, value: plural(runs, "run") },
        ]}
      />
      <CanMove diff={diff} />
      <Section title="Steps" about={`v${a} and v${b}`}>
        {steps.length === 0 ? (
          <div className={pageStyles.padded}>
            <p className={baseStyles.muted}>No steps found in the source of either version.</p>
          </div>
        ) : (
          <StepTable diff={diff} />
        )}
      </Section>
      <Section title="Source" about={source === null ? undefined : `from v${a} to v${b}`}>
        {source === null ? (
          <div className={pageStyles.padded}>
            <p className={baseStyles.muted}>The source of one of the versions is unavailable.</p>
          </div>
        ) : (
          <SourceDiff a={source.a} b={source.b} />
        )}
      </Section>
    </>
  );
}

/** Checked with a dry run against the runs themselves, because the code alone is not enough. */
function CanMove({ diff: { name, a, b, inFlight: runs } }: { diff: VersionDiff }) {
  const isReadOnly = useReadOnly();
  const mayAsk = runs > 0 && !isReadOnly;
  const preview = useMovePreview(name, a, b, mayAsk);
  return (
    <Section title="Can runs in flight move?" isPadded={true}>
      {runs === 0 ? (
        <p className={baseStyles.muted}>Version {a} has no runs in flight; there is nothing to move.</p>
      ) : mayAsk ? (
        <Loaded query={preview} rows={2}>
          {(moved) => <MoveVerdict moved={moved} />}
        </Loaded>
      ) : (
        <p className={baseStyles.muted}>
          A read-only server cannot check this. On a server with workers, run{" "}
          <code>
            baton move {name} --from {a} --to {b} --dry-run
          </code>
        </p>
      )}
    </Section>
  );
}

const changes: Readonly<Record<StepChange["change"], Badge>> = {
  same: { label: "Same", glyph: "=", tone: "calm" },
  added: { label: "Added", glyph: "+", tone: "ok" },
  removed: { label: "Removed", glyph: "−", tone: "bad" },
  moved: { label: "Moved", glyph: "↕", tone: "warn" },
  options: { label: "Options changed", glyph: "~", tone: "warn" },
};

function StepTable({ diff: { steps, a, b } }: { diff: VersionDiff }) {
  return (
    <Table columns={["Step", "Change", `Options in v${a}`, `Options in v${b}`]} className={styles.steps} isBare={true}>
      {steps.map(({ step, change, before, after }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two steps may share a name
        <tr key={`${step} ${i}`} data-change={change}>
          <th scope="row">{step}</th>
          <td data-label="Change">
            <Pill badge={changes[change]} />
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
  return <span className={baseStyles.muted}>{isThere ? "defaults" : "not in this version"}</span>;
}
