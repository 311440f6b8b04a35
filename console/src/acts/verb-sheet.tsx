import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { RunDetail } from "@wire/run.ts";
import type { Verb, VerbBody, VerbPreview } from "@wire/verb.ts";
import { useEffect, useState } from "react";
import { post } from "../api/client.ts";
import { invalidate, queryClient, reads } from "../api/queries.ts";
import { Problem } from "../parts/states.tsx";
import { listed, plural } from "../parts/words.ts";
import { announce } from "../shell/announce.tsx";
import { stoppedAt, type VerbAsked } from "./asked.ts";
import { ConfirmSheet, type Consequence, Consequences } from "./confirm-sheet.tsx";
import { InputEditor, readJson, useRecorded } from "./input-editor.tsx";
import { labelOf, verbWords } from "./words.ts";

/**
 * Asks before it acts: what runs again, what is kept, what is not safe to repeat and what is written down. Where nothing
 * is to be decided one Enter, or Ctrl-Enter from a field, does it.
 */
export function VerbSheet({ run, asked, onClose }: { run: RunDetail; asked: VerbAsked; onClose: () => void }) {
  const { verb, step } = asked;
  const words = verbWords[verb];
  const navigate = useNavigate();
  const [flags, setFlags] = useState({ compensate: false, stopClocks: false });
  const recorded = useRecorded(run, asked);
  const [text, setText] = useState<string | null>(null);
  const isCompletion = verb === "complete-step";
  const hasField = asked.withInput === true || isCompletion;
  const edited = text ?? recorded.text;
  const value = hasField && edited !== null ? readJson(edited) : null;
  const base: VerbBody = {
    ...(step === undefined ? {} : { step }),
    ...(verb === "cancel" && flags.compensate ? { compensate: true } : {}),
    ...(verb === "suspend" && flags.stopClocks ? { stopClocks: true } : {}),
  };
  const path = `/api/runs/${run.id}/${verb}`;
  const preview = useQuery({
    queryKey: ["preview", run.id, verb, base],
    queryFn: () => post<VerbPreview>(path, { ...base, ...(isCompletion ? { output: null } : {}), dryRun: true }),
    retry: false,
    staleTime: 0,
  });
  const act = (reason: string | undefined): Promise<RunDetail> => {
    const isGiven = value !== null && "value" in value && (isCompletion || text !== null);
    const given = isGiven ? { [isCompletion ? "output" : "input"]: value.value } : {};
    return post<RunDetail>(path, { ...base, ...given, ...(reason === undefined ? {} : { reason }) });
  };
  const onDone = (after: RunDetail): void => {
    announce(`${words.done}: ${after.name} ${after.key ?? after.id}`);
    if (after.id === run.id) queryClient.setQueryData(reads.run(run.id).queryKey, after);
    invalidate("run", "steps", "history", "facets", "home", "groups", "guide");
    void navigate({ to: "/runs/$id", params: { id: after.id } });
  };
  const label = labelOf(verb, step ?? stoppedAt(run));
  return (
    <ConfirmSheet
      title={`${label}${asked.withInput ? " with edited input" : ""}`}
      label={label.replace("…", "")}
      does={words.does}
      act={act}
      onDone={onDone}
      onClose={onClose}
      isReady={!preview.isError && (value === null || "value" in value)}
      isReasonNeeded={isCompletion}
      isPlain={!hasField}
      isDanger={words.isDangerous ?? false}
      isWide={hasField}
    >
      {hasField ? (
        <InputEditor
          label={isCompletion ? "Output that the step is taken to have given" : recorded.label}
          recorded={isCompletion ? null : recorded}
          text={edited}
          onText={setText}
          problem={value !== null && "problem" in value ? value.problem : null}
        />
      ) : null}
      {verb === "cancel" ? (
        <Flag
          label="Undo what was done first"
          isOn={flags.compensate}
          onChange={(compensate) => setFlags({ ...flags, compensate })}
        />
      ) : null}
      {verb === "suspend" ? (
        <Flag
          label="Halt its timers too"
          isOn={flags.stopClocks}
          onChange={(stopClocks) => setFlags({ ...flags, stopClocks })}
        />
      ) : null}
      {preview.isError ? <Problem error={preview.error} /> : null}
      {preview.data === undefined ? null : <Consequences of={consequencesOf(preview.data, verb)} />}
    </ConfirmSheet>
  );
}

function Flag({ label, isOn, onChange }: { label: string; isOn: boolean; onChange: (isOn: boolean) => void }) {
  return (
    <label>
      <input type="checkbox" checked={isOn} onChange={(event) => onChange(event.target.checked)} /> {label}
    </label>
  );
}

const namesMax = 12;

/** What the rehearsal of a verb says, as what follows from it. */
function consequencesOf({ runsAgain, kept, undone, notIdempotent }: VerbPreview, verb: Verb): readonly Consequence[] {
  const none = verb === "rerun" ? "nothing: it is a new run" : "no outputs yet";
  return [
    ...(runsAgain.length === 0 && verb !== "resume"
      ? []
      : [{ name: "Runs again", value: named(runsAgain, "step", "nothing that was done") }]),
    { name: "Kept", value: named(kept, "output", none) },
    ...(undone.length === 0 ? [] : [{ name: "Undone", value: named(undone, "step") }]),
    ...(notIdempotent.length === 0
      ? []
      : [
          {
            name: "Not safe to repeat",
            value: `${listed(notIdempotent, namesMax)}: look at the other system first.`,
            isCareful: true,
          },
        ]),
  ];
}

function named(names: readonly string[], unit: string, none = ""): string {
  return names.length === 0 ? none : `${plural(names.length, unit)}: ${listed(names, namesMax)}`;
}

/** Closes a sheet whose run no longer allows what it asks. */
export function useStillLegal(run: RunDetail, asked: VerbAsked | null, onClose: () => void): void {
  const isLegal = asked === null || run.verbs.includes(asked.verb);
  useEffect(() => {
    if (isLegal) return;
    announce(`The run is ${run.status} now: ${asked?.verb} no longer applies`, { isProblem: true });
    onClose();
  }, [isLegal, run.status, asked, onClose]);
}
