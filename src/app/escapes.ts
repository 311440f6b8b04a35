import type { LeasedRun } from "../kernel/model/run.ts";
import type { Logger } from "../kernel/ports/logger.ts";
import { currentRun } from "./current-run.ts";

/** An error that nobody caught, with the run whose code it came from as far as that can be told. */
export interface Escaped {
  readonly run: LeasedRun | null;
  readonly step: string | null;
}

/** Failures that are recorded already: code may still come to await what gave them. */
const recorded: ReadonlySet<unknown> = new Set(["StepFailedError", "ChildFailedError"]);

/**
 * Listens for what escapes from people's code: a late timer that throws, a rejected promise that nobody awaits. What the
 * process holds cannot be trusted afterwards, so the first one ends it; whose it was decides which run is charged with
 * that. Returns how to stop listening.
 */
export function onEscape(logger: Logger, call: (escaped: Escaped) => void): () => void {
  const reported = new Set<string>();
  const take = (what: string, error: unknown): void => {
    const around = currentRun();
    const [run, step] = [around?.run ?? null, around?.step ?? null];
    // What was thrown once may be thrown a thousand times before the process has ended.
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
