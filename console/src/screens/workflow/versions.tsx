import { Link } from "@tanstack/react-router";
import type { DefinitionDetail, DefinitionView } from "@wire/definition.ts";
import { pageStyles, Section } from "../../parts/page.tsx";
import { Button, partStyles } from "../../parts/parts.tsx";
import { inFlight, RunCounts } from "../../parts/run-counts.tsx";
import { Table } from "../../parts/table.tsx";
import { plural } from "../../parts/words.ts";
import { Moment } from "../../shell/clock.tsx";
import type { VersionAct } from "./acts.tsx";

/** Each version with its runs, and what may be done with it. */
export function Versions({
  definition: { name, versions },
  onAct,
}: {
  definition: DefinitionDetail;
  onAct: ((asked: VersionAct) => void) | null;
}) {
  return (
    <Section title="Versions" about={plural(versions.length, "version")}>
      <Table columns={["Version", "State", "Runs", "Since", ...(onAct === null ? [] : ["Acts"])]} isBare={true}>
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
                    <Button onClick={() => onAct({ act: "use", version: view.version })}>Use v{view.version}</Button>
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
      </Table>
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
