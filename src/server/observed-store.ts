import type { OutcomeOf, Transition } from "../kernel/model/transition.ts";
import type { Clock } from "../kernel/ports/clock.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { Metrics } from "./metrics.ts";

/**
 * A store wrapper that counts and measures commits, so that no other code has to. Only one commit is measured at a
 * time. The others are passed on unchanged, because a step has only about 14 µs of the main thread.
 */
export function observeStore(store: Store, metrics: Metrics, clock: Clock): Store {
  let isTiming = false;
  const commit = <T extends Transition>(transition: T): Promise<OutcomeOf<T>> => {
    metrics.observe(transition);
    const outcome = store.commit(transition);
    if (isTiming) return outcome;
    isTiming = true;
    const from = clock.mono();
    const done = (): void => {
      isTiming = false;
      metrics.observeCommit((clock.mono() - from) / 1000);
    };
    outcome.then(done, done);
    return outcome;
  };
  return {
    commit,
    join: (params) => store.join(params),
    beat: (params) => store.beat(params),
    lease: (params) => store.lease(params),
    load: (params) => store.load(params),
    transact: (params, work, finish) => store.transact(params, work, finish),
    query: (name, params) => store.query(name, params),
    sweep: (params) => store.sweep(params),
    backup: (params) => store.backup(params),
    leave: (params) => store.leave(params),
    close: () => store.close(),
  };
}
