import { callerKey } from "../decide/caller-key.ts";
import { refusalError } from "../decide/refusal.ts";
import { BatonError } from "../model/errors.ts";
import type { Flow } from "../model/flow.ts";
import type { LeasedRun, Origin } from "../model/run.ts";
import type { StartRun } from "../model/start-run.ts";
import type { Cipher } from "../ports/cipher.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../ports/store.ts";
import type { Handler, InputForm, Prepared, StartOptions } from "./handler.ts";
import { refuseLeaks, Vault } from "./vault.ts";
import type { Worker } from "./worker.ts";

/** The started run, or the run that its idempotency key started before. */
export interface Started {
  readonly no: number;
  readonly id: string;
  readonly isCreated: boolean;
}

export interface StartingParts {
  readonly store: Store;
  readonly worker: Pick<Worker, "reserve" | "settle">;
  readonly random: Random;
  readonly cipher: Cipher;
  handlerOf(name: string): Handler;
}

/** Creates runs from checked inputs, and leases them at once if this process has capacity. */
export class Starting {
  readonly #parts: StartingParts;

  constructor(parts: StartingParts) {
    this.#parts = parts;
  }

  /** Starts a run. When it returns, the run is on disk. */
  async startRun(
    name: string,
    input: unknown,
    options: StartOptions,
    origin: Origin,
    { audit, form }: { readonly audit?: StartRun["audit"]; readonly form?: InputForm } = {},
  ): Promise<Started> {
    const handler = this.#parts.handlerOf(name);
    return this.#commitStart(handler, await prepare(handler, input, options, form), origin, audit);
  }

  /**
   * Starts several runs. If one input is invalid, none is started. Each start is durable on its own: if the store
   * refuses some, the others are started, and the error with code `partly-started` says which.
   */
  async startRuns(
    name: string,
    starts: readonly { input: unknown; options: StartOptions }[],
    origin: Origin,
  ): Promise<Started[]> {
    const handler = this.#parts.handlerOf(name);
    const prepared: Prepared[] = [];
    for (const { input, options } of starts) prepared.push(await prepare(handler, input, options));
    const results = await Promise.allSettled(prepared.map((each) => this.#commitStart(handler, each, origin)));
    const started = results.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const [failed] = results.filter((each) => each.status === "rejected");
    if (failed !== undefined && started.length === 0) throw failed.reason;
    if (failed !== undefined) throw partlyStarted(name, results);
    return started;
  }

  async #commitStart(
    handler: Handler,
    prepared: Prepared,
    origin: Origin,
    audit?: StartRun["audit"],
  ): Promise<Started> {
    const isDelayed = prepared.at !== undefined || prepared.delayMs !== undefined;
    // Before reserving: a refused start must not hold a reservation.
    const start = this.startOf(handler, prepared, origin);
    const leaseTo = isDelayed ? null : this.#parts.worker.reserve(start.queue);
    const transition: StartRun = {
      ...start,
      ...(audit === undefined ? {} : { audit }),
      ...(leaseTo === null ? {} : { leaseTo }),
    };
    let held: LeasedRun | null = null;
    let isUnsure = true;
    try {
      const outcome = await this.#parts.store.commit(transition);
      isUnsure = false;
      if (!outcome.ok) throw refusalError(prepared, outcome);
      if (outcome.isLeased) held = outcome.run;
      return { no: outcome.run.no, id: outcome.run.id, isCreated: outcome.isCreated };
    } finally {
      if (leaseTo !== null) this.#parts.worker.settle(held, isUnsure);
    }
  }

  /** A child's start, to be committed with its parent's advance. */
  async prepareChild(
    name: string,
    input: unknown,
    options: StartOptions,
    origin: Origin,
    form?: InputForm,
  ): Promise<StartRun> {
    const handler = this.#parts.handlerOf(name);
    return this.startOf(handler, await prepare(handler, input, options, form), origin);
  }

  /** A new run of a definition, with the sensitive parts of its input sealed. */
  startOf(handler: Handler, prepared: Prepared, origin: Origin): StartRun {
    const id = `run_${this.#parts.random.uuid()}`;
    const { sensitive } = handler;
    if (sensitive == null || prepared.input === null) return { kind: "start", id, origin, ...prepared };
    const vault = new Vault(this.#parts.cipher, id);
    const input = vault.seal(prepared.input, "", "input", sensitive);
    refuseLeaks(vault, prepared, handler.definition.name);
    return { kind: "start", id, origin, ...prepared, input };
  }

  /** A run of the version that new starts use, with the business key of the run that it continues. */
  async prepareContinuation(run: LeasedRun, input: unknown): Promise<StartRun> {
    const { name } = run.definition;
    const options = run.key === null ? {} : { key: run.key };
    const origin = { by: `run:${run.id}`, continues: run.id };
    const { flow, ...start } = await this.prepareChild(name, input, options, origin, "stored");
    // This is not a new start: the limits on starts have already admitted it.
    const kept = flow === undefined ? undefined : keptFlow(flow);
    return kept === undefined ? start : { ...start, flow: kept };
  }
}

/** Checks what a caller starts. */
async function prepare(handler: Handler, input: unknown, options: StartOptions, form?: InputForm): Promise<Prepared> {
  const prepared = await handler.prepare(input, options, form);
  const idempotencyKey = callerKey(prepared.idempotencyKey);
  return idempotencyKey === prepared.idempotencyKey ? prepared : { ...prepared, idempotencyKey };
}

/** Slots, singleton, deadline and retention apply to every part of a continued run. */
function keptFlow({ slots, singleton, deadlineMs, keep }: Flow): Flow {
  return {
    ...(slots === undefined ? {} : { slots }),
    ...(singleton === undefined ? {} : { singleton }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(keep === undefined ? {} : { keep }),
  };
}

/** Says for each start what became of it. `cause` is the first error. */
function partlyStarted(name: string, results: readonly PromiseSettledResult<Started>[]): BatonError {
  const refused = results.flatMap((each, index) =>
    each.status === "rejected" ? [{ index, code: codeOf(each.reason), message: String(each.reason?.message) }] : [],
  );
  const runs = results.map((each) => (each.status === "fulfilled" ? each.value.id : null));
  const [first] = results.filter((each) => each.status === "rejected");
  return new BatonError(
    "partly-started",
    `${refused.length} of ${results.length} starts of ${name} were not carried out: ${refused[0]?.message}`,
    {
      hint: "details.runs has the ids of the started runs by their place, details.refused the reasons of the others",
      details: { runs, refused },
      cause: first?.reason,
    },
  );
}

function codeOf(error: unknown): string {
  return error instanceof BatonError ? error.code : "error";
}
