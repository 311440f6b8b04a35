import type { LeasedRun } from "../kernel/model/run.ts";
import type { Logger } from "../kernel/ports/logger.ts";
import { currentRun } from "./current-run.ts";

/** An uncaught error, with the run whose code threw it if known. */
export interface Escaped {
  readonly run: LeasedRun | null;
  readonly step: string | null;
}

/** Failures that are already recorded: the code may still await the promise that rejected. */
const recorded: ReadonlySet<unknown> = new Set(["StepFailedError", "ChildFailedError"]);

/**
 * Listens for errors that escape user code: a late timer that throws, a rejected promise that is never awaited. The
 * state of the process cannot be trusted afterwards, so the first one ends the process, and the crash is counted for
 * the run that caused it. Returns a function that stops listening.
 */
export function onEscape(logger: Logger, call: (escaped: Escaped) => void): () => void {
  const reported = new Set<string>();
  const take = (what: string, error: unknown): void => {
    const around = currentRun();
    const [run, step] = [around?.run ?? null, around?.step ?? null];
    // The same error may be thrown a thousand times before the process ends.
    if (!reported.has(run?.id ?? ""))
      logger.log("error", `${what} ${placeOf(run, step)}`, { run: run?.id ?? null, step, error: describe(error) });
    reported.add(run?.id ?? "");
    call({ run, step });
  };
  const onException = (error: unknown): void => take("uncaught exception", error);
  const onRejection = (error: unknown): void => {
    const around = currentRun();
    if (around?.step === null && recorded.has((error as { name?: unknown } | null)?.name)) {
      const { run } = around;
      logger.log("warn", `workflow ${run.definition.name} did not await a step that failed`, {
        run: run.id,
        error: String(error),
      });
    } else take("unhandled promise rejection", error);
  };
  process.on("uncaughtException", onException);
  process.on("unhandledRejection", onRejection);
  return () => {
    process.off("uncaughtException", onException);
    process.off("unhandledRejection", onRejection);
  };
}

function placeOf(run: LeasedRun | null, step: string | null): string {
  if (run === null) return "outside of any run";
  return `by ${step === null ? "" : `step ${JSON.stringify(step)} of `}run ${run.id} of ${run.definition.name}`;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
