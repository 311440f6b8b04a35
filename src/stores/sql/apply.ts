import type { Outcome, Transition } from "../../kernel/model/transition.ts";
import { unreachable } from "../../stdx/assert.ts";
import { advanceRun } from "./advance.ts";
import { changeVersions } from "./artifacts.ts";
import { noteAudit } from "./audit.ts";
import { applyBulk } from "./bulks.ts";
import type { Context } from "./context.ts";
import { eraseRuns } from "./erase.ts";
import { acceptEvent, routeEvent } from "./events.ts";
import { importRun } from "./import-run.ts";
import { intervene } from "./intervene.ts";
import { repairStore } from "./repair.ts";
import { applyRouting } from "./routing.ts";
import { applySchedule } from "./schedules.ts";
import { startRun } from "./start-run.ts";
import { changeViews } from "./views.ts";
import type { Work } from "./work.ts";

/** Applies one transition inside the current transaction. `at` is its store time. */
export function* applyTransition(context: Context, transition: Transition, at: number): Work<Outcome> {
  switch (transition.kind) {
    case "advance":
      return yield* advanceRun(context, transition, at);
    case "start":
      return yield* startRun(context, transition, at);
    case "event":
      return yield* acceptEvent(context, transition, at);
    case "route":
      return yield* routeEvent(context, transition, at);
    case "try-event":
    case "end-try":
    case "retry-event":
      return yield* applyRouting(context, transition, at);
    case "intervene":
      return yield* intervene(context, transition, at);
    case "deploy":
    case "sign":
    case "set-version":
    case "move":
      return yield* changeVersions(context, transition, at);
    case "audit":
      return yield* noteAudit(context, transition, at);
    case "bulk":
      return yield* applyBulk(context, transition, at);
    case "schedule":
      return yield* applySchedule(context, transition, at);
    case "keep-view":
    case "remove-view":
      return yield* changeViews(context, transition, at);
    case "repair":
      return yield* repairStore(context, transition, at);
    case "erase":
      return yield* eraseRuns(context, transition, at);
    case "import":
      return yield* importRun(context, transition, at);
    default:
      return unreachable(transition);
  }
}

/** Writes the accumulated changes. These are the last statements of a transaction. */
export function* settleTransaction(context: Context): Work<void> {
  yield* context.counters.flush();
  context.payloads.settle();
}

/** Discards the in-memory state of a transaction that was rolled back. */
export function forgetTransaction(context: Context): void {
  context.counters.discard();
  context.definitions.forget();
}
