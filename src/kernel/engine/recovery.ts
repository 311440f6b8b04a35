import { decode } from "../../stdx/json.ts";
import { decideVerb, type Preview, type VerbDecision, type VerbRequest } from "../decide/verb.ts";
import { type BulkFilter, type BulkRequest, type BulkRow, bulkVerbs } from "../model/bulk.ts";
import type { RunDetail } from "../model/detail.ts";
import { BatonError, type ErrorRecord } from "../model/errors.ts";
import type { RecordedEntry } from "../model/journal.ts";
import { defaults } from "../model/limits.ts";
import type { LeasedRun } from "../model/run.ts";
import type { Intervene } from "../model/transition.ts";
import { asNonRetryable } from "../model/user-errors.ts";
import type { Cipher } from "../ports/cipher.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../ports/store.ts";
import { openInput, openOutput, openText, placeOf, sealText } from "./vault.ts";

export interface RecoveryParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly cipher: Cipher;
}

/** Carries out recovery actions on one or many runs, and reveals sealed values. */
export class Recovery {
  readonly #parts: RecoveryParts;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  /**
   * Carries out a recovery action, or with `dryRun` returns what it would do. An action on a run that continued as
   * others is for the part that is open; only the steps of that part can be named. Throws a `BatonError` with the reason
   * if it is not allowed.
   */
  async intervene(
    id: string,
    request: VerbRequest,
    options: { dryRun?: boolean; bulk?: NonNullable<Intervene["bulk"]>; verb?: string } = {},
  ): Promise<{ preview: Preview; isHeld: boolean }> {
    const { dryRun = false, bulk, verb = request.verb } = options;
    for (let round = 0; round < verbRoundsMax; round++) {
      const run = await this.#openPart(id, request);
      const decision = await this.decide(run, request);
      if (!decision.ok)
        throw new BatonError(decision.code, decision.message, {
          hint: decision.hint,
          details: { status: run.row.status },
        });
      if (dryRun) return { preview: decision.preview, isHeld: run.isHeld };
      const { audit } = decision.transition;
      const act = { ...decision.transition, audit: { ...audit, verb }, ...(bulk === undefined ? {} : { bulk }) };
      const outcome = await this.#parts.store.commit(act);
      if (outcome.ok) return { preview: decision.preview, isHeld: outcome.isHeld };
      if (outcome.why === "skipped") throw singletonOpen(run, outcome.id);
    }
    throw new BatonError("conflict", `run ${id} kept changing during ${request.verb}`, {
      hint: "try again",
    });
  }

  /** The run, or the part of its chain that is open or was the last to end. */
  async #openPart(id: string, { verb, step }: VerbRequest): Promise<RunDetail> {
    const run = await this.#parts.store.query("run", { id });
    if (run === null) throw unknownRun(id);
    if (run.lastPart === null) return run;
    if (step !== undefined)
      throw new BatonError("illegal", `run ${run.row.id} has continued as run ${run.lastPart.id}: its steps are over`, {
        hint: `${verb} a step of ${run.lastPart.id}, or use rerun to start a new run with the input of ${run.row.id}`,
        details: { status: run.row.status, run: run.lastPart.id },
      });
    const open = (await this.#parts.store.query("run", { id: run.lastPart.id })) ?? run;
    // A fast loop has continued again meanwhile. The store finds the part that is open when it carries out the action.
    return open.lastPart === null ? open : asOpen(open);
  }

  /**
   * Starts an action on many runs: they are selected now, and it is carried out in the background and continued after
   * restarts. The same id is the same operation.
   */
  async startBulk(request: BulkRequest, who: { actor: string; why: string | null }, id?: string): Promise<BulkRow> {
    checkBulk(request);
    const outcome = await this.#parts.store.commit({
      kind: "bulk",
      act: "create",
      id: id ?? `bulk_${this.#parts.random.uuid()}`,
      request,
      audit: { ...who, verb: request.verb },
    });
    const row = outcome.ok ? await this.#parts.store.query("bulk", { no: outcome.bulk }) : null;
    if (row === null)
      throw new BatonError("conflict", "the bulk operation was already removed", { hint: "start it again" });
    return row;
  }

  /** Stops a bulk operation. What it has done stays done. */
  async stopBulk(id: string, who: { actor: string; why: string | null }): Promise<BulkRow> {
    const row = await this.#parts.store.query("bulk", { id });
    if (row === null)
      throw new BatonError("not-found", `no bulk operation ${id}`, { hint: "list bulk operations with: baton bulk" });
    const detail = `stopped by ${who.actor}${who.why === null ? "" : `: ${who.why}`}`;
    const audit = { ...who, verb: "stop" };
    await this.#parts.store.commit({ kind: "bulk", act: "end", bulk: row.no, status: "stopped", detail, audit });
    return (await this.#parts.store.query("bulk", { id })) ?? row;
  }

  /** What an action would do to the run in its current state, or why it is not allowed. */
  async decide(run: RunDetail, request: VerbRequest): Promise<VerbDecision> {
    return decideVerb(run, await this.#allEntries(run), request, (step, output) => {
      // A supplied output may be sensitive, which is unknown here: it is sealed if there is a key.
      if (this.#parts.cipher.keyId === null) return output;
      return sealText(this.#parts.cipher, output, placeOf(run.row.id, step, "supplied"));
    });
  }

  async #allEntries(run: RunDetail): Promise<readonly RecordedEntry[]> {
    const entries = [...run.entries];
    while (entries.length < run.entryCount) {
      const page = await this.#parts.store.query("steps", {
        run: run.row.no,
        after: entries.at(-1)?.seq ?? 0,
        limit: 1_000,
      });
      if (page.length === 0) break;
      entries.push(...page);
    }
    return entries;
  }

  /**
   * Compensates a completed child for its parent, and waits until that has ended. A child that continued as new runs is
   * compensated as a whole, the last run first. A run that the call had joined is not the parent's child and is left
   * alone. Throws if the child's compensation has failed, or if a run of it no longer exists: nobody knows then what is
   * left to undo.
   */
  async compensateChild(parent: LeasedRun, key: string, signal: AbortSignal): Promise<void> {
    const child = await this.#parts.store.query("child", { parent: parent.no, key });
    if (child.isJoined) return;
    if (child.id === null) throw removedChild(`the child run of "${key}"`);
    for (let id: string | null = child.id; id !== null && !signal.aborted; )
      id = await this.#compensateOne(parent, id, signal);
  }

  /** Returns the run that this one continued, or null. */
  async #compensateOne(parent: LeasedRun, id: string, signal: AbortSignal): Promise<string | null> {
    while (!signal.aborted) {
      const child = await this.#parts.store.query("run", { id });
      if (child === null || child.row.id !== id) throw removedChild(`child run ${id}`);
      const { status, reason, origin } = child.row;
      if (reason?.code === "compensated" || status === "cancelled") return origin.continues ?? null;
      if (status === "failed") {
        throw asNonRetryable(
          new BatonError("child-compensation", `child run ${id} could not be compensated`, {
            hint: `fix and resume it (baton why ${id}), then resume this run`,
          }),
        );
      }
      if (status === "completed") await this.#parts.store.commit(undoingOf(child, parent.id));
      await new Promise<void>((resolve) => this.#parts.clock.after(childPollMs, resolve));
    }
    return null;
  }

  /** A run's values in clear text, for callers that may see them: its code, its starter, and `reveal`. */
  clearInput(run: string, input: string | null): string | null {
    return input === null ? null : openInput(this.#parts.cipher, input, run).text;
  }

  clearOutput(run: string, output: string | null): string | null {
    return output === null ? null : openText(this.#parts.cipher, output, placeOf(run, "", "output"));
  }

  /** Reveals one sensitive value to a person. This is written to the audit log before the value is returned. */
  async reveal(
    id: string,
    what: { step: string } | "input" | "output",
    who: { actor: string; why: string | null },
  ): Promise<unknown> {
    const run = await this.#parts.store.query("run", { id });
    if (run === null) throw unknownRun(id);
    const of = typeof what === "string" ? what : `step ${what.step}`;
    await this.#parts.store.commit({
      kind: "audit",
      run: run.row.no,
      audit: { actor: who.actor, verb: "reveal", why: `${of}${who.why === null ? "" : `: ${who.why}`}` },
    });
    if (what === "input") return decode(this.clearInput(id, await wholeOf(this.#parts.store, run, "input", run.input)));
    if (what === "output")
      return decode(this.clearOutput(id, await wholeOf(this.#parts.store, run, "output", run.output)));
    return this.#revealStep(run, what.step);
  }

  async #revealStep(run: RunDetail, step: string): Promise<unknown> {
    const entry = (await this.#allEntries(run)).findLast((each) => each.key === step && each.kind !== "reopen");
    if (entry === undefined) {
      throw new BatonError("unknown-step", `run ${run.row.id} has no recorded step ${JSON.stringify(step)}`, {
        hint: "list its steps with: baton show",
      });
    }
    const text = await wholeOf(this.#parts.store, run, `step:${entry.seq}`, entry.value);
    const { id } = run.row;
    if (entry.outcome === "ok") return decode(text === null ? null : openOutput(this.#parts.cipher, text, id, step));
    const record = JSON.parse(text ?? "{}") as ErrorRecord;
    return record.sealed === undefined
      ? record
      : JSON.parse(openText(this.#parts.cipher, record.sealed, placeOf(id, step, "error")));
  }
}

/** An action is decided again if the run has changed meanwhile. If the run keeps changing, a conflict is reported. */
const verbRoundsMax = 5;

/** Delay between checks of a child that is being compensated. */
const childPollMs = 100;

/** A part that has continued, as it was before: only unconditional actions are decided on it. */
function asOpen(run: RunDetail): RunDetail {
  return { ...run, row: { ...run.row, status: "running", endedAt: null }, isHeld: true };
}

function singletonOpen({ row }: RunDetail, open: string): BatonError {
  return new BatonError(
    "skipped",
    `run ${row.id} cannot continue: ${row.definition.name} is a singleton and run ${open} is open`,
    {
      hint: `wait until run ${open} has ended, or cancel it`,
      details: { run: open },
    },
  );
}

function removedChild(what: string): BatonError {
  return asNonRetryable(
    new BatonError("child-removed", `${what} was removed, so its steps cannot be undone`, {
      hint: "undo them in the other systems, then complete-step this undo",
    }),
  );
}

function undoingOf(child: RunDetail, parent: string): Intervene {
  const reason = { code: "by-person", by: `run:${parent}`, why: "its parent is being compensated" } as const;
  return {
    kind: "intervene",
    run: child.row.no,
    seen: child.mark,
    idle: { to: "compensating", compensation: { end: "cancelled", reason } },
    held: null,
    audit: { actor: `run:${parent}`, verb: "compensate", why: reason.why },
  };
}

/** Also checks callers without types: a misspelt filter would match every run. */
function checkBulk({ verb, filter, canary, ratePerS }: BulkRequest): void {
  if (!bulkVerbs.includes(verb))
    throw new BatonError(
      "invalid-option",
      `a bulk operation must be one of ${bulkVerbs.join(", ")}, not ${JSON.stringify(verb)}`,
    );
  const unknown = Object.keys(filter).find((name) => !Object.hasOwn(filterParts, name));
  if (unknown !== undefined)
    throw new BatonError("invalid-option", `unknown filter ${JSON.stringify(unknown)} for a bulk operation`, {
      hint: `allowed: ${Object.keys(filterParts).join(", ")}`,
    });
  const isCount = (n: number): boolean => Number.isInteger(n) && n >= 1 && n <= defaults.bulkMax;
  if (!canary.every(isCount) || canary.length > canariesMax)
    throw new BatonError(
      "invalid-option",
      `canary must be a list of at most ${canariesMax} whole numbers of 1 or more`,
    );
  if (ratePerS !== null && !(ratePerS > 0 && Number.isFinite(ratePerS)))
    throw new BatonError("invalid-option", "rate must be a number of runs per second above 0");
}

const canariesMax = 10;

const filterParts: Readonly<Record<keyof BulkFilter, true>> = {
  fingerprint: true,
  name: true,
  status: true,
  key: true,
  createdFrom: true,
  createdTo: true,
};

/** The whole text of a slot, given its column. */
async function wholeOf(store: Store, run: RunDetail, part: string, stored: string | null): Promise<string | null> {
  return stored?.startsWith("@") ? store.query("payload", { run: run.row.no, part }) : stored;
}

export function unknownRun(id: string): BatonError {
  return new BatonError("not-found", `no run ${id}`, {
    hint: "list runs with: baton runs; it may have been removed by retention",
  });
}
