import { unknownRun } from "../kernel/engine/recovery.ts";
import type { RunDetail } from "../kernel/model/detail.ts";
import { BatonError } from "../kernel/model/errors.ts";
import type { Store } from "../kernel/ports/store.ts";

/** Finds a run by its id, a unique prefix of it, or `latest`. Throws `not-found` or `ambiguous`. */
export async function findRun(store: Store, id: string): Promise<RunDetail> {
  if (!/^\w[\w-]{0,63}$/.test(id)) throw unknownRun(id.slice(0, 64));
  const exact = await store.query("run", { id });
  if (exact !== null) return exact;
  if (id === "latest")
    throw new BatonError("not-found", "there are no runs yet", { hint: "start one: baton run <name>" });
  const candidates = await store.query("prefix", { id: id.startsWith("run_") ? id : `run_${id}` });
  const [only, second] = candidates;
  if (second !== undefined) {
    throw new BatonError("ambiguous", `${candidates.length > 2 ? "several" : "two"} run ids start with ${id}`, {
      hint: "use a longer prefix",
      details: { candidates },
    });
  }
  const found = only === undefined ? null : await store.query("run", { id: only });
  if (found === null) throw unknownRun(id);
  return found;
}
