import { Link } from "@tanstack/react-router";
import type { DefinitionDetail, DefinitionView } from "@wire/definition.ts";
import { Button, baseStyles } from "../../components/basics.tsx";
import { pageStyles, Section } from "../../components/page.tsx";
import { countInFlight, RunCounts } from "../../components/run-counts.tsx";
import { Table } from "../../components/table.tsx";
import { plural } from "../../components/text.ts";
import { Timestamp } from "../../shell/clock.tsx";
import type { VersionAction } from "./version-dialogs.tsx";

/** All versions with their runs and actions. */
export function Versions({
  definition: { name, versions },
  onAction,
}: {
  definition: DefinitionDetail;
  onAction: ((action: VersionAction) => void) | null;
}) {
  return (
    <Section title="Versions" about={plural(versions.length, "version")}>
      <Table columns={["Version", "State", "Runs", "Since", ...(onAction === null ? [] : ["Actions"])]} isBare={true}>
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
            <td data-label="Since">{view.createdAt === null ? "first run" : <Timestamp at={view.createdAt} />}</td>
            {onAction === null ? null : (
              <td data-label="Actions">
                <span className={pageStyles.rowActions}>
                  {view.isUsed || view.isRetired ? null : (
                    <Button onClick={() => onAction({ kind: "use", version: view.version })}>
                      Use v{view.version}
                    </Button>
                  )}
                  {view.isDrained || view.isRetired ? null : (
                    <Button onClick={() => onAction({ kind: "drain", version: view.version })}>
                      Drain v{view.version}
                    </Button>
                  )}
                  {countInFlight(view.runs) === 0 || versions.length < 2 ? null : (
                    <Button onClick={() => onAction({ kind: "move", version: view.version })}>
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
    view.isUsed || view.isDrained || view.isRetired
      ? null
      : countInFlight(view.runs) > 0
        ? "finishing its runs"
        : "kept",
  ].filter((word) => word !== null);
  return (
    <span>
      {words.join(", ")}
      {view.unloadable === null ? null : (
        <span className={baseStyles.wrong}> · ✕ cannot be loaded: {view.unloadable}</span>
      )}
    </span>
  );
}
