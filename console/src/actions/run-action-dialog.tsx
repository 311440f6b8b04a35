import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { RunDetail } from "@wire/run.ts";
import type { Verb, VerbBody, VerbPreview } from "@wire/verb.ts";
import { useEffect, useState } from "react";
import { post } from "../api/client.ts";
import { invalidate, queries, queryClient } from "../api/queries.ts";
import { Problem } from "../components/states.tsx";
import { joinNames, plural } from "../components/text.ts";
import { announce } from "../shell/announce.tsx";
import { ConfirmDialog, type Consequence, Consequences } from "./confirm-dialog.tsx";
import { InputEditor, parseJson, useRecordedInput } from "./input-editor.tsx";
import { findStoppedStep, type RunAction } from "./run-action.ts";
import { runActionLabel, runActionTexts } from "./texts.ts";

/**
 * Confirms an action on one run. A dry run on the server shows which steps run again, which results are kept and what is
 * not safe to repeat.
 */
export function RunActionDialog({ run, action, onClose }: { run: RunDetail; action: RunAction; onClose: () => void }) {
  const { verb, step } = action;
  const texts = runActionTexts[verb];
  const navigate = useNavigate();
  const [flags, setFlags] = useState({ compensate: false, stopClocks: false });
  const recorded = useRecordedInput(run, action);
  const [text, setText] = useState<string | null>(null);
  const isCompletion = verb === "complete-step";
  const hasField = action.withInput === true || isCompletion;
  const edited = text ?? recorded.text;
  const value = hasField && edited !== null ? parseJson(edited) : null;
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
  const submit = (reason: string | undefined): Promise<RunDetail> => {
    const isGiven = value !== null && "value" in value && (isCompletion || text !== null);
    const given = isGiven ? { [isCompletion ? "output" : "input"]: value.value } : {};
    return post<RunDetail>(path, { ...base, ...given, ...(reason === undefined ? {} : { reason }) });
  };
  const onDone = (after: RunDetail): void => {
    announce(`${texts.done}: ${after.name} ${after.key ?? after.id}`);
    if (after.id === run.id) queryClient.setQueryData(queries.run(run.id).queryKey, after);
    invalidate("run", "steps", "history", "facets", "home", "groups", "guide");
    void navigate({ to: "/runs/$id", params: { id: after.id } });
  };
  const label = runActionLabel(verb, step ?? findStoppedStep(run));
  return (
    <ConfirmDialog
      title={`${label}${action.withInput ? " with edited input" : ""}`}
      label={label.replace("…", "")}
      cancelLabel={texts.cancelLabel}
      description={texts.description}
      onConfirm={submit}
      onDone={onDone}
      onClose={onClose}
      isReady={!preview.isError && (value === null || "value" in value)}
      isReasonRequired={isCompletion}
      hasNoFields={!hasField}
      isDanger={texts.isDangerous ?? false}
      isWide={hasField}
    >
      {hasField ? (
        <InputEditor
          label={isCompletion ? "Output of the step" : recorded.label}
          recorded={isCompletion ? null : recorded}
          text={edited}
          onText={setText}
          problem={value !== null && "problem" in value ? value.problem : null}
        />
      ) : null}
      {verb === "cancel" ? (
        <Flag
          label="Undo completed steps first"
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
      {preview.data === undefined ? null : <Consequences items={consequencesOf(preview.data, verb)} />}
    </ConfirmDialog>
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

/** The effects that the dry run reported. */
function consequencesOf({ runsAgain, kept, undone, notIdempotent }: VerbPreview, verb: Verb): readonly Consequence[] {
  const none = verb === "rerun" ? "nothing (new run)" : "no outputs yet";
  return [
    ...(runsAgain.length === 0 && verb !== "resume"
      ? []
      : [{ name: "Runs again", value: named(runsAgain, "step", "no completed steps") }]),
    { name: "Kept", value: named(kept, "output", none) },
    ...(undone.length === 0 ? [] : [{ name: "Undone", value: named(undone, "step") }]),
    ...(notIdempotent.length === 0
      ? []
      : [
          {
            name: "Not safe to repeat",
            value: `${joinNames(notIdempotent, namesMax)}. Check the other system first.`,
            isWarning: true,
          },
        ]),
  ];
}

function named(names: readonly string[], unit: string, none = ""): string {
  return names.length === 0 ? none : `${plural(names.length, unit)}: ${joinNames(names, namesMax)}`;
}

/** Closes the dialog when the run no longer allows the action. */
export function useCloseIfNotAllowed(run: RunDetail, action: RunAction | null, onClose: () => void): void {
  const isAllowed = action === null || run.verbs.includes(action.verb);
  useEffect(() => {
    if (isAllowed) return;
    announce(`The run is now ${run.status}: ${action?.verb} is no longer possible`, { isProblem: true });
    onClose();
  }, [isAllowed, run.status, action, onClose]);
}
