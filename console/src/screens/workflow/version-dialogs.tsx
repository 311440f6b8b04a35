import { useQuery } from "@tanstack/react-query";
import type { DefinitionDetail, Definitions, DefinitionView } from "@wire/definition.ts";
import type { MoveBody, MovedRuns, VersionBody } from "@wire/version.ts";
import { useState } from "react";
import { ConfirmDialog } from "../../actions/confirm-dialog.tsx";
import { post } from "../../api/client.ts";
import { invalidate } from "../../api/queries.ts";
import { baseStyles } from "../../components/basics.tsx";
import { RunLink } from "../../components/page.tsx";
import { countInFlight } from "../../components/run-counts.tsx";
import { Loaded } from "../../components/states.tsx";
import { escapeControls, formatNumber, plural } from "../../components/text.ts";
import { announce } from "../../shell/announce.tsx";
import styles from "./workflow.module.css";

/** An action on a version. */
export interface VersionAction {
  readonly kind: "use" | "drain" | "move";
  readonly version: number;
}

/** Confirms an action on a version, and shows its effect on existing runs. */
export function VersionActionDialog({
  definition,
  action,
  onClose,
}: {
  definition: DefinitionDetail;
  action: VersionAction;
  onClose: () => void;
}) {
  const view = definition.versions.find(({ version }) => version === action.version);
  if (view === undefined) return null;
  const props = { definition, view, onClose };
  if (action.kind === "use") return <UseDialog {...props} />;
  return action.kind === "drain" ? <DrainDialog {...props} /> : <MoveDialog {...props} />;
}

interface DialogProps {
  readonly definition: DefinitionDetail;
  readonly view: DefinitionView;
  readonly onClose: () => void;
}

function pathOf(name: string, kind: VersionAction["kind"]): string {
  return `/api/definitions/${encodeURIComponent(name)}/${kind}`;
}

function announceChange(text: string): void {
  announce(text);
  invalidate("definitions", "home", "facets");
}

function UseDialog({ definition: { name, versions }, view: { version }, onClose }: DialogProps) {
  const before = versions.find((each) => each.isUsed);
  return (
    <ConfirmDialog
      title={`Use version ${version} of ${name}`}
      label={`Use v${version}`}
      description={`New runs use version ${version} from now on.`}
      consequences={[
        {
          name: "Until now",
          value: before === undefined ? "no version accepted new runs" : `version ${before.version}`,
        },
        {
          name: "Runs in flight",
          value: `${plural(
            versions.reduce((sum, each) => sum + countInFlight(each.runs), 0),
            "run",
          )}, each stays on its version`,
        },
      ]}
      onConfirm={(reason) => post<Definitions>(pathOf(name, "use"), { version, reason } satisfies VersionBody)}
      onDone={() => announceChange(`New runs of ${name} use version ${version}`)}
      onClose={onClose}
    />
  );
}

function DrainDialog({ definition: { name, versions }, view, onClose }: DialogProps) {
  const { version } = view;
  const left = versions.filter((each) => each.version !== version && !each.isDrained && !each.isRetired);
  return (
    <ConfirmDialog
      title={`Drain version ${version} of ${name}`}
      label={`Drain v${version}`}
      isDanger={true}
      description={`Version ${version} accepts no new runs.`}
      consequences={[
        {
          name: "Its runs",
          value:
            countInFlight(view.runs) === 0
              ? "none in flight"
              : `${plural(countInFlight(view.runs), "run")} in flight: they continue, and the version is retired when the last one ends`,
        },
        {
          name: "New runs",
          value:
            left.length > 0
              ? `use version ${(view.isUsed ? left[0] : versions.find((each) => each.isUsed))?.version}`
              : "are refused: no other version accepts them",
          isWarning: left.length === 0,
        },
      ]}
      onConfirm={(reason) => post<Definitions>(pathOf(name, "drain"), { version, reason } satisfies VersionBody)}
      onDone={() => announceChange(`Version ${version} of ${name} accepts no new runs`)}
      onClose={onClose}
    />
  );
}

/** Maximum number of staying runs to list. */
const leftMax = 20;

/** Confirms a move, after a dry run that shows which runs can move and why the others cannot. */
function MoveDialog({ definition: { name, versions }, view: { version: from }, onClose }: DialogProps) {
  const targets = versions.filter((each) => each.version !== from && !each.isRetired);
  const [to, setTo] = useState((targets.find((each) => each.isUsed) ?? targets[0])?.version ?? 0);
  const preview = useMovePreview(name, from, to);
  const may = preview.data?.movedCount ?? 0;
  return (
    <ConfirmDialog
      title={`Move the runs of version ${from} of ${name}`}
      label={preview.data === undefined ? "Move" : `Move ${plural(may, "run")}`}
      isWide={true}
      isReady={may > 0 && !preview.isFetching}
      description="Runs with a compatible history continue with the code of another version. Recorded results are kept; completed steps do not run again."
      onConfirm={(reason) => post<MovedRuns>(pathOf(name, "move"), { from, to, reason } satisfies MoveBody)}
      onDone={({ movedCount, leftCount }) =>
        announceChange(
          `Moved ${plural(movedCount, "run")} of ${name} to version ${to}${leftCount === 0 ? "" : `; ${formatNumber(leftCount)} stayed`}`,
        )
      }
      onClose={onClose}
    >
      <label className={baseStyles.field}>
        <span className={baseStyles.label}>To version</span>
        <select className={baseStyles.input} value={to} onChange={(event) => setTo(Number(event.target.value))}>
          {targets.map((each) => (
            <option key={each.version} value={each.version}>
              v{each.version}
              {each.isUsed ? ", in use" : ""}
              {each.isDrained ? ", drained" : ""}
            </option>
          ))}
        </select>
      </label>
      <Loaded query={preview} rows={3}>
        {(data) => <MoveVerdict moved={data} />}
      </Loaded>
    </ConfirmDialog>
  );
}

/** The dry run of a move. */
export function useMovePreview(name: string, from: number, to: number, isEnabled = true) {
  return useQuery({
    queryKey: ["preview", "move", name, from, to],
    queryFn: () => post<MovedRuns>(pathOf(name, "move"), { from, to, dryRun: true } satisfies MoveBody),
    enabled: isEnabled && from !== to && to > 0,
    retry: false,
    staleTime: 0,
  });
}

/** Which runs can move, and why the others cannot. */
export function MoveVerdict({ moved }: { moved: MovedRuns }) {
  const { movedCount, leftCount, left, from, to } = moved;
  const total = movedCount + leftCount;
  const shown =
    total === 0
      ? {
          glyph: "✓",
          toneClass: baseStyles.calm,
          text: `Version ${from} has no runs in flight; there is nothing to move.`,
        }
      : leftCount === 0
        ? { glyph: "✓", toneClass: baseStyles.ok, text: `Compatible: ${plural(movedCount, "run")} can move to v${to}.` }
        : movedCount === 0
          ? { glyph: "✕", toneClass: baseStyles.bad, text: `None of ${plural(total, "run")} can move to v${to}.` }
          : {
              glyph: "!",
              toneClass: baseStyles.warn,
              text: `${formatNumber(movedCount)} of ${plural(total, "run")} can move to v${to}; ${formatNumber(leftCount)} would stay.`,
            };
  return (
    <div className={styles.verdict}>
      <p>
        <span className={`${baseStyles.pill} ${shown.toneClass}`}>
          <span aria-hidden="true">{shown.glyph}</span>
        </span>{" "}
        <strong>{shown.text}</strong>
      </p>
      {left.length === 0 ? null : (
        <ul className={styles.left} aria-label="Runs that would stay">
          {left.slice(0, leftMax).map(({ run, reason, recorded, asked }) => (
            <li key={run}>
              <RunLink id={run} />
              <span>{escapeControls(reason)}</span>
              {recorded === undefined ? null : (
                <small>
                  recorded <code>{recorded.join(", ") || "nothing"}</code>; the code now asks for{" "}
                  <code>{asked?.join(", ") || "nothing"}</code>
                </small>
              )}
            </li>
          ))}
          {leftCount > leftMax ? <li>and {formatNumber(leftCount - Math.min(left.length, leftMax))} more</li> : null}
        </ul>
      )}
    </div>
  );
}
