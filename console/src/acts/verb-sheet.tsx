import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { RunDetail } from "@wire/run.ts";
import type { Verb, VerbBody, VerbPreview } from "@wire/verb.ts";
import { useEffect, useState } from "react";
import { post } from "../api/client.ts";
import { invalidate, queryClient, reads } from "../api/queries.ts";
import { Button, partStyles } from "../parts/parts.tsx";
import { Sheet } from "../parts/sheet.tsx";
import { Problem } from "../parts/states.tsx";
import { plural } from "../parts/words.ts";
import { announce } from "../shell/announce.tsx";
import styles from "./acts.module.css";
import { InputEditor, readJson, useRecorded } from "./input-editor.tsx";
import { labelOf, verbWords } from "./words.ts";

export interface VerbAsked {
  readonly verb: Verb;
  /** Key of the step that it is about. */
  readonly step?: string;
  /** With a field to edit the input in. */
  readonly withInput?: boolean;
}

/**
 * Asks before it acts: what runs again, what is kept, what is not safe to repeat and what is written down. Where nothing
 * is to be decided one Enter, or Ctrl-Enter from a field, does it.
 */
export function VerbSheet({ run, asked, onClose }: { run: RunDetail; asked: VerbAsked; onClose: () => void }) {
  const { verb, step } = asked;
  const words = verbWords[verb];
  const navigate = useNavigate();
  const [reason, setReason] = useState("");
  const [flags, setFlags] = useState({ compensate: false, stopClocks: false });
  const recorded = useRecorded(run, asked);
  const [text, setText] = useState<string | null>(null);
  const edited = text ?? recorded.text;
  const hasField = asked.withInput === true || verb === "complete-step";
  const value = hasField && edited !== null ? readJson(edited) : null;
  const isReasonMissing = verb === "complete-step" && reason.trim() === "";
  const base: VerbBody = {
    ...(step === undefined ? {} : { step }),
    ...(verb === "cancel" && flags.compensate ? { compensate: true } : {}),
    ...(verb === "suspend" && flags.stopClocks ? { stopClocks: true } : {}),
  };
  const path = `/api/runs/${run.id}/${verb}`;
  const preview = useQuery({
    queryKey: ["preview", run.id, verb, base],
    queryFn: () =>
      post<VerbPreview>(path, { ...base, ...(verb === "complete-step" ? { output: null } : {}), dryRun: true }),
    retry: false,
    staleTime: 0,
  });
  const act = useMutation({
    mutationFn: () => {
      const field = verb === "complete-step" ? "output" : "input";
      const isChanged = verb === "complete-step" || text !== null;
      const given = value !== null && "value" in value && isChanged ? { [field]: value.value } : {};
      return post<RunDetail>(path, { ...base, ...given, ...(reason.trim() === "" ? {} : { reason: reason.trim() }) });
    },
    onSuccess: (after) => {
      announce(`${words.done}: ${after.name} ${after.key ?? after.id}`);
      if (after.id === run.id) queryClient.setQueryData(reads.run(run.id).queryKey, after);
      invalidate("run", "steps", "history", "facets", "home", "groups", "guide");
      onClose();
      void navigate({ to: "/runs/$id", params: { id: after.id } });
    },
  });
  const isReady = !isReasonMissing && !act.isPending && !preview.isError && (value === null || "value" in value);
  const submit = (): void => {
    if (isReady) act.mutate();
  };
  const name = step ?? stoppedAt(run);
  return (
    <Sheet
      title={`${labelOf(verb, name)}${asked.withInput ? " with edited input" : ""}`}
      isWide={hasField}
      onClose={onClose}
      onSubmit={submit}
      foot={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button
            type="submit"
            look={words.isDangerous ? "danger" : "primary"}
            hint={hasField ? "Ctrl ↵" : "↵"}
            disabled={!isReady}
            data-first={!hasField || undefined}
          >
            {act.isPending ? "Asking…" : labelOf(verb, name).replace("…", "")}
          </Button>
        </>
      }
    >
      <p>{words.does}</p>
      {hasField ? (
        <InputEditor
          label={verb === "complete-step" ? "Output that the step is taken to have given" : recorded.label}
          recorded={verb === "complete-step" ? null : recorded}
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
      {preview.data === undefined ? null : <Preview preview={preview.data} verb={verb} />}
      <label className={partStyles.field}>
        <span>Reason{verb === "complete-step" ? "" : " (optional)"}</span>
        <input
          className={partStyles.input}
          value={reason}
          maxLength={1_000}
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      <p className={partStyles.muted}>The audit keeps who did this, when, and the reason.</p>
      {act.isError ? <Problem error={act.error} /> : null}
    </Sheet>
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

function Preview({ preview, verb }: { preview: VerbPreview; verb: Verb }) {
  const { runsAgain, kept, undone, notIdempotent } = preview;
  return (
    <dl className={styles.preview}>
      {runsAgain.length === 0 && verb !== "resume" ? null : (
        <Names title="Runs again" names={runsAgain} none="nothing that was done" />
      )}
      <Names
        title="Kept"
        names={kept}
        none={verb === "rerun" ? "nothing: it is a new run" : "no outputs yet"}
        unit="output"
      />
      {undone.length === 0 ? null : <Names title="Undone" names={undone} none="" />}
      {notIdempotent.length === 0 ? null : (
        <div className={styles.careful}>
          <dt>Not safe to repeat</dt>
          <dd>{list(notIdempotent)}: look at the other system first.</dd>
        </div>
      )}
    </dl>
  );
}

function Names({
  title,
  names,
  none,
  unit = "step",
}: {
  title: string;
  names: readonly string[];
  none: string;
  unit?: string;
}) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{names.length === 0 ? none : `${plural(names.length, unit)}: ${list(names)}`}</dd>
    </div>
  );
}

function list(names: readonly string[]): string {
  const more = names.length - namesMax;
  return `${names.slice(0, namesMax).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** The step that a resume begins at. */
export function stoppedAt(run: RunDetail): string | null {
  const { reason } = run;
  if (reason !== null && "step" in reason && reason.step !== null) return reason.step;
  return run.steps.findLast((step) => step.status === "failed")?.key ?? null;
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
