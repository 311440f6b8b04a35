import type { LeasedRun } from "../kernel/model/run.ts";
import type { Logger } from "../kernel/ports/logger.ts";
import { type CurrentRun, currentRun } from "./current-run.ts";
import { ownerOf, rememberOwners } from "./promise-owners.ts";

/** An uncaught error, with the run whose code threw it if known. */
export interface Escaped {
  readonly run: LeasedRun | null;
  readonly step: string | null;
}

/** What is done about errors that escape user code. */
export interface EscapeRules {
  /** An exception that nothing caught: the state of the process cannot be trusted afterwards. */
  crash(escaped: Escaped): void;
  /** A rejected promise that belongs to a run. False: the run is not held here any more. */
  runRejected(run: LeasedRun, step: string | null, error: unknown, promise: unknown): boolean;
  /** A promise reported as rejected is awaited now. */
  rejectionHandled(run: LeasedRun, promise: unknown): void;
  /** A rejected promise that belongs to no run for certain. */
  countRejection(): void;
}

/**
 * Listens for errors that escape user code. An uncaught exception, such as a late timer that throws, ends the process,
 * and the crash is counted for the run that caused it. A rejected promise that nothing handles fails the run whose code
 * made and rejected it. If these are two runs, or none, its owner is not certain: it is logged and counted, and changes
 * nothing. Returns a function that stops listening.
 */
export function onEscape(logger: Logger, rules: EscapeRules): () => void {
  const reported = new Set<string>();
  const onException = (error: unknown): void => {
    const around = currentRun();
    const [run, step] = [around?.run ?? null, around?.step ?? null];
    // The same error may be thrown a thousand times before the process ends.
    if (!reported.has(run?.id ?? ""))
      logger.log("error", `uncaught exception ${placeOf(around)}`, {
        run: run?.id ?? null,
        step,
        error: describe(error),
      });
    reported.add(run?.id ?? "");
    rules.crash({ run, step });
  };
  const onRejection = (error: unknown, promise: Promise<unknown>): void => {
    const [made, rejected] = [ownerOf(promise), currentRun()];
    const isCertain = made !== null && made.run === rejected?.run;
    if (isCertain && rules.runRejected(made.run, rejected.step ?? made.step, error, promise)) {
      const fields = { run: made.run.id, step: rejected.step ?? made.step, error: describe(error) };
      return logger.log("warn", `unhandled promise rejection ${placeOf(rejected)}`, fields);
    }
    rules.countRejection();
    const where = isCertain ? `${placeOf(rejected)}, which is over` : "whose run is not certain";
    logger.log("error", `unhandled promise rejection ${where}; no run was changed`, {
      madeBy: made?.run.id ?? null,
      rejectedBy: rejected?.run.id ?? null,
      error: describe(error),
    });
  };
  const onHandled = (promise: Promise<unknown>): void => {
    const made = ownerOf(promise);
    if (made !== null) rules.rejectionHandled(made.run, promise);
  };
  const forgetOwners = rememberOwners();
  process.on("uncaughtException", onException);
  process.on("unhandledRejection", onRejection);
  process.on("rejectionHandled", onHandled);
  return () => {
    process.off("uncaughtException", onException);
    process.off("unhandledRejection", onRejection);
    process.off("rejectionHandled", onHandled);
    forgetOwners();
  };
}

function placeOf(around: CurrentRun | null): string {
  if (around === null) return "outside of any run";
  const { run, step } = around;
  return `by ${step === null ? "" : `step ${JSON.stringify(step)} of `}run ${run.id} of ${run.definition.name}`;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
