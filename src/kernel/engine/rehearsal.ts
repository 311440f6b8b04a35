import type { ErrorRecord } from "../model/errors.ts";
import type { Journal } from "../model/journal.ts";
import type { Reason } from "../model/reason.ts";
import type { LeasedRun } from "../model/run.ts";
import { isAtRest, type RunStatus } from "../model/status.ts";
import type { Next, Outcome, OutcomeOf, Transition } from "../model/transition.ts";
import { type Cipher, noCipher } from "../ports/cipher.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import { Activation, type ActivationEnvironment } from "./activation.ts";
import type { Handler } from "./handler.ts";
import { Pump } from "./pump.ts";
import { safeguards } from "./safeguards.ts";
import { Timeline } from "./timeline.ts";

/** The result of replaying a recorded history against other code. */
export type Verdict =
  | { readonly outcome: "compatible" }
  | {
      readonly outcome: "diverges";
      readonly detail: string;
      /** Place of the first key that differs from what was recorded, counted from 1. */
      readonly at: number;
      readonly recorded: readonly string[];
      readonly asked: readonly string[];
    };

export interface RehearsalParts {
  readonly clock: Clock;
  within: ActivationEnvironment["within"];
  /** For histories with sensitive values, which cannot be rehearsed without it. */
  readonly cipher?: Cipher;
}

/**
 * Replays a recorded history against code, and begins nothing: no step runs, nothing is written, no worker holds the
 * run.
 *
 * The activation's store only observes. What the code does between its steps happens for real, as in every replay. The
 * code is compatible if it asks for everything that is recorded, in order, and for everything that is waited for.
 */
export function rehearse(
  recorded: { readonly run: LeasedRun; readonly journal: Journal; readonly status: RunStatus },
  handler: Handler,
  parts: RehearsalParts,
): Promise<Verdict> {
  const { run, journal, status } = recorded;
  return new Promise((resolve) => {
    let isJudged = false;
    const patience = patientClock(parts.clock);
    const judge = (verdict: Verdict): void => {
      if (isJudged) return;
      isJudged = true;
      resolve(verdict);
      // In a later turn, because this may be called from inside the activation.
      parts.clock.soon(() => activation.lose());
    };
    const differs = (detail: string): void => judge(divergence(detail, journal, activation.operationKeys));
    const timeline = new Timeline(patience);
    timeline.observe(journal.entries.at(-1)?.at ?? run.createdAt);
    const env: ActivationEnvironment = {
      store: watchingStore((next) => judgeEnd(next)),
      clock: patience,
      random: { float: () => 0, uuid: () => "rehearsal" },
      pump: new Pump(patience),
      timeline,
      safeguards,
      cipher: parts.cipher ?? noCipher,
      keepMs: Number.POSITIVE_INFINITY,
      cancelGraceMs: 0,
      storeRetryMs: 0,
      within: parts.within,
      warn: () => {},
      warmFrom: Number.POSITIVE_INFINITY,
      over: () => {},
      cooled: () => {},
      caughtUp: () => checkWaits(0),
    };
    const activation = new Activation(run, handler, env);
    const judgeEnd = (next: Next): void => {
      if (next.state === "suspended") return differs(divergedText(next.reason));
      if (status !== "failed" && next.state === "failed") return differs(thrownText(next.error));
      if (status !== "failed" && next.state === "compensating" && next.compensation.end === "failed")
        return differs(thrownText(next.compensation.error));
      const leftOpen = leftOpenWait();
      if (leftOpen !== undefined) return differs(`the run is waiting for "${leftOpen}"; the code now ends before it`);
      judge({ outcome: "compatible" });
    };
    const leftOpenWait = (): string | undefined => {
      if (isAtRest(status) || journal.entries.some((entry) => entry.kind === "reopen")) return undefined;
      const asked = new Set(activation.operationKeys);
      return journal.waits.find((wait) => !asked.has(wait.key))?.key;
    };
    /** The history is used up. The code must now ask for what the run waits for, after anything else it awaits. */
    const checkWaits = (turn: number): void => {
      if (isJudged) return;
      const leftOpen = leftOpenWait();
      if (leftOpen === undefined && turn > 0) return judge({ outcome: "compatible" });
      if (turn > pollTurnsMax) return differs(`the run is waiting for "${leftOpen}"; the code no longer does`);
      if (turn < quickTurns) parts.clock.soon(() => checkWaits(turn + 1));
      else parts.clock.after(pollMs, () => checkWaits(turn + 1));
    };
    activation.begin(journal);
  });
}

const quickTurns = 3;
const pollMs = 10;
const pollTurnsMax = 20;
/** How many delays are real before a rehearsal stops waiting for code that awaits something else. */
const patientDelays = 20;

/**
 * The activation gives code 10 s to ask for its history. A rehearsal of a thousand runs cannot wait this long for each.
 */
function patientClock(clock: Clock): Clock {
  let delays = 0;
  return {
    now: () => clock.now(),
    mono: () => clock.mono(),
    soon: (call) => clock.soon(call),
    after: (ms, call) => {
      delays += 1;
      if (delays <= patientDelays) return clock.after(ms, call);
      let isCancelled = false;
      clock.soon(() => {
        if (!isCancelled) call();
      });
      return () => {
        isCancelled = true;
      };
    },
  };
}

function divergence(detail: string, journal: Journal, asked: readonly string[]): Verdict {
  const recorded = [...journal.entries, ...journal.waits].map((each) => each.key).filter((key) => key !== "");
  const keys = [...new Set(recorded)];
  const same = keys.findIndex((key, i) => asked[i] !== key);
  return {
    outcome: "diverges",
    detail,
    at: (same < 0 ? keys.length : same) + 1,
    recorded: keys.slice(0, shownKeysMax),
    asked: asked.slice(0, shownKeysMax),
  };
}

const shownKeysMax = 100;

function divergedText(reason: Reason): string {
  return reason.code === "diverged" ? reason.detail : `the code suspends the run: ${reason.code}`;
}

function thrownText({ name, message }: ErrorRecord): string {
  return `the code throws ${name}: ${message}`;
}

/** A store that writes nothing and reports the state that the run would get. */
function watchingStore(seen: (next: Next) => void): Store {
  const refuse = (): Promise<never> => Promise.reject(new Error("a rehearsal has no store"));
  return {
    commit: <T extends Transition>(transition: T): Promise<OutcomeOf<T>> => {
      if (transition.kind === "advance" && transition.next !== undefined) seen(transition.next);
      const plain: Outcome = { ok: true, at: 0, isUnread: false };
      return Promise.resolve(plain as OutcomeOf<T>);
    },
    load: async () => ({ entries: [], attempts: [], waits: [], arrivals: [] }),
    join: refuse,
    beat: refuse,
    lease: refuse,
    transact: refuse,
    query: refuse,
    sweep: refuse,
    backup: refuse,
    leave: refuse,
    close: async () => {},
  };
}
