import { useQuery } from "@tanstack/react-query";
import type { DefinitionDetail, Definitions, DefinitionView } from "@wire/definition.ts";
import type { MoveBody, MovedRuns, VersionBody } from "@wire/version.ts";
import { useState } from "react";
import { ConfirmSheet } from "../../acts/confirm-sheet.tsx";
import { post } from "../../api/client.ts";
import { invalidate } from "../../api/queries.ts";
import { RunLink } from "../../parts/page.tsx";
import { partStyles } from "../../parts/parts.tsx";
import { inFlight } from "../../parts/run-counts.tsx";
import { Loaded } from "../../parts/states.tsx";
import { count, plain, plural } from "../../parts/words.ts";
import { announce } from "../../shell/announce.tsx";
import styles from "./workflow.module.css";

/** What is asked of a version. */
export interface VersionAct {
  readonly act: "use" | "drain" | "move";
  readonly version: number;
}

/** What people do with a version: each says first what it means for the runs that are there. */
export function VersionSheet({
  definition,
  asked,
  onClose,
}: {
  definition: DefinitionDetail;
  asked: VersionAct;
  onClose: () => void;
}) {
  const view = definition.versions.find(({ version }) => version === asked.version);
  if (view === undefined) return null;
  const props = { definition, view, onClose };
  if (asked.act === "use") return <UseSheet {...props} />;
  return asked.act === "drain" ? <DrainSheet {...props} /> : <MoveSheet {...props} />;
}

interface SheetProps {
  readonly definition: DefinitionDetail;
  readonly view: DefinitionView;
  readonly onClose: () => void;
}

function pathOf(name: string, act: VersionAct["act"]): string {
  return `/api/definitions/${encodeURIComponent(name)}/${act}`;
}

function changed(text: string): void {
  announce(text);
  invalidate("definitions", "home", "facets");
}

function UseSheet({ definition: { name, versions }, view: { version }, onClose }: SheetProps) {
  const before = versions.find((each) => each.isUsed);
  return (
    <ConfirmSheet
      title={`Use version ${version} of ${name}`}
      label={`Use v${version}`}
      does={`New starts get version ${version} from now on.`}
      consequences={[
        { name: "Until now", value: before === undefined ? "no version took new starts" : `version ${before.version}` },
        {
          name: "Runs in flight",
          value: `${plural(
            versions.reduce((sum, each) => sum + inFlight(each.runs), 0),
            "run",
          )}: each stays on its version`,
        },
      ]}
      act={(reason) => post<Definitions>(pathOf(name, "use"), { version, reason } satisfies VersionBody)}
      onDone={() => changed(`New starts of ${name} get version ${version}`)}
      onClose={onClose}
    />
  );
}

function DrainSheet({ definition: { name, versions }, view, onClose }: SheetProps) {
  const { version } = view;
  const left = versions.filter((each) => each.version !== version && !each.isDrained && !each.isRetired);
  return (
    <ConfirmSheet
      title={`Drain version ${version} of ${name}`}
      label={`Drain v${version}`}
      isDanger={true}
      does={`Version ${version} gets no new starts any more.`}
      consequences={[
        {
          name: "Its runs",
          value:
            inFlight(view.runs) === 0
              ? "none is in flight"
              : `${plural(inFlight(view.runs), "run")} in flight: they go on, and it is retired when the last has come to rest`,
        },
        {
          name: "New starts",
          value:
            left.length > 0
              ? `get version ${(view.isUsed ? left[0] : versions.find((each) => each.isUsed))?.version}`
              : "are refused: no other version takes any",
          isCareful: left.length === 0,
        },
      ]}
      act={(reason) => post<Definitions>(pathOf(name, "drain"), { version, reason } satisfies VersionBody)}
      onDone={() => changed(`Version ${version} of ${name} takes no new starts`)}
      onClose={onClose}
    />
  );
}

/** So many runs that stay are told one by one. */
const leftMax = 20;

/** Rehearses before it moves: which runs may go, and why the others stay. */
function MoveSheet({ definition: { name, versions }, view: { version: from }, onClose }: SheetProps) {
  const targets = versions.filter((each) => each.version !== from && !each.isRetired);
  const [to, setTo] = useState((targets.find((each) => each.isUsed) ?? targets[0])?.version ?? 0);
  const preview = useMovePreview(name, from, to);
  const may = preview.data?.movedCount ?? 0;
  return (
    <ConfirmSheet
      title={`Move the runs of version ${from} of ${name}`}
      label={preview.data === undefined ? "Move" : `Move ${plural(may, "run")}`}
      isWide={true}
      isReady={may > 0 && !preview.isFetching}
      does="Runs go on with the code of another version, as far as their histories are compatible with it. What they have recorded is kept; nothing that was done is done again."
      act={(reason) => post<MovedRuns>(pathOf(name, "move"), { from, to, reason } satisfies MoveBody)}
      onDone={({ movedCount, leftCount }) =>
        changed(
          `Moved ${plural(movedCount, "run")} of ${name} to version ${to}${leftCount === 0 ? "" : `; ${count(leftCount)} stayed`}`,
        )
      }
      onClose={onClose}
    >
      <label className={partStyles.field}>
        <span className={partStyles.label}>To version</span>
        <select className={partStyles.input} value={to} onChange={(event) => setTo(Number(event.target.value))}>
          {targets.map((each) => (
            <option key={each.version} value={each.version}>
              v{each.version}
              {each.isUsed ? ", in use" : ""}
              {each.isDrained ? ", drained" : ""}
            </option>
          ))}
        </select>
      </label>
      <Loaded of={preview} rows={3}>
        {(data) => <MoveVerdict moved={data} />}
      </Loaded>
    </ConfirmSheet>
  );
}

/** What a move would do, without moving anything. */
export function useMovePreview(name: string, from: number, to: number, isEnabled = true) {
  return useQuery({
    queryKey: ["preview", "move", name, from, to],
    queryFn: () => post<MovedRuns>(pathOf(name, "move"), { from, to, dryRun: true } satisfies MoveBody),
    enabled: isEnabled && from !== to && to > 0,
    retry: false,
    staleTime: 0,
  });
}

/** Which runs may follow, and why the others may not. */
export function MoveVerdict({ moved }: { moved: MovedRuns }) {
  const { movedCount, leftCount, left, from, to } = moved;
  const total = movedCount + leftCount;
  const shown =
    total === 0
      ? { glyph: "✓", look: partStyles.calm, text: `Version ${from} has no runs in flight: there is nothing to move.` }
      : leftCount === 0
        ? { glyph: "✓", look: partStyles.ok, text: `Compatible: ${plural(movedCount, "run")} may move to v${to}.` }
        : movedCount === 0
          ? { glyph: "✕", look: partStyles.bad, text: `None of ${plural(total, "run")} may move to v${to}.` }
          : {
              glyph: "!",
              look: partStyles.warn,
              text: `${count(movedCount)} of ${plural(total, "run")} may move to v${to}; ${count(leftCount)} would stay.`,
            };
  return (
    <div className={styles.verdict}>
      <p>
        <span className={`${partStyles.pill} ${shown.look}`}>
          <span aria-hidden="true">{shown.glyph}</span>
        </span>{" "}
        <strong>{shown.text}</strong>
      </p>
      {left.length === 0 ? null : (
        <ul className={styles.left} aria-label="Runs that would stay">
          {left.slice(0, leftMax).map(({ run, reason, recorded, asked }) => (
            <li key={run}>
              <RunLink id={run} />
              <span>{plain(reason)}</span>
              {recorded === undefined ? null : (
                <small>
                  recorded <code>{recorded.join(", ") || "nothing"}</code>, the code asks for{" "}
                  <code>{asked?.join(", ") || "nothing"}</code>
                </small>
              )}
            </li>
          ))}
          {leftCount > leftMax ? <li>and {count(leftCount - Math.min(left.length, leftMax))} more</li> : null}
        </ul>
      )}
    </div>
  );
}
