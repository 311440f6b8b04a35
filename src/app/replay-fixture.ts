import { Engine } from "../kernel/engine/engine.ts";
import { readFixture, recordedOf } from "../kernel/engine/fixtures.ts";
import { rehearse, type Verdict } from "../kernel/engine/rehearsal.ts";
import type { Clock } from "../kernel/ports/clock.ts";
import { MemoryStore, openMemoryCore } from "../stores/sqlite/memory-store.ts";
import { workflowHandler } from "../workflows/handler.ts";
import type { Definition } from "./config.ts";
import { within } from "./current-run.ts";
import { LocalNotifier, silentLogger, systemClock, systemRandom } from "./platform.ts";

/**
 * Replays an exported run against a definition. No step is executed and nothing is written. Returns whether the code
 * requests the recorded operations in the recorded order, or where it first differs.
 */
export function replayFixture(fixture: unknown, definition: Definition): Promise<Verdict> {
  const recorded = recordedOf(readFixture(fixture));
  const notifier = new LocalNotifier();
  // Never started: it leases nothing, and a rehearsal never calls it.
  const engine = new Engine({
    store: new MemoryStore(openMemoryCore({ now: () => systemClock.now() }), notifier),
    clock: systemClock,
    random: systemRandom,
    notifier,
    logger: silentLogger,
    name: "replay",
  });
  return rehearse(recorded, workflowHandler(definition, engine), {
    clock: awake,
    within: (run, step, attempt, work) => within({ run, step, attempt }, work),
  });
}

/** Baton's own timers do not keep a process alive, and a replay may have nothing else that does. */
const awake: Clock = {
  ...systemClock,
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};
