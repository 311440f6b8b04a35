/**
 * Makes a system fail on command, so that a demo or a test sees a real failure: a real 503, a connection that hangs, a
 * process that exits. A fault can be limited to one deal. A `sticky` fault survives a restart of the system.
 */
import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { Refusal } from "./refusal.ts";
import type { RouteAnswer, RouteCall } from "./service.ts";

/** The body of `POST /control`. */
export const Control = z.object({
  /** "ok" clears the fault with the same `only`. */
  mode: z.enum(["ok", "503", "hang", "crash"]),
  /** Fail for this deal only; by default for every deal. */
  only: z.string().optional(),
  /** Fail this many times; by default until the fault is cleared. */
  count: z.int().positive().optional(),
  /** "after" performs the operation and then fails to answer: the case that only an idempotency key can handle. */
  when: z.enum(["before", "after"]).default("before"),
  /** Sent with a 503 as the Retry-After header. */
  retryAfterSeconds: z.int().nonnegative().optional(),
  /** Whether the fault survives a restart of the system. */
  sticky: z.boolean().default(false),
});
export type Control = z.infer<typeof Control>;

export const FAULT_TABLES = `
  create table if not exists faults (target text primary key, control text not null) strict, without rowid;
`;

/** The target of a fault for every deal. */
const EVERY_DEAL = "*";

/** Accepts control requests, and applies the faults to requests. */
export interface FaultInjector {
  control(control: Control): void;
  /** The active faults. */
  active(): readonly Control[];
  /** Performs `work`, or fails if a fault is active for the deal. */
  run(dealId: string, call: RouteCall, work: () => RouteAnswer): Promise<RouteAnswer>;
}

/** Starts with the sticky faults that an earlier process of this system left in `db`. */
export function openFaultInjector(db: DatabaseSync): FaultInjector {
  const faults = new Map<string, Control>(
    db
      .prepare("select target, control from faults")
      .all()
      .map((row) => [String(row["target"]), Control.parse(JSON.parse(String(row["control"])))]),
  );
  const control = (fault: Control): void => {
    const target = fault.only ?? EVERY_DEAL;
    if (fault.mode === "ok") faults.delete(target);
    else faults.set(target, fault);
    db.prepare("delete from faults where target = ?").run(target);
    if (fault.mode === "ok" || !fault.sticky) return;
    db.prepare("insert into faults (target, control) values (?, ?)").run(target, JSON.stringify(fault));
  };
  const take = (dealId: string): Control | undefined => {
    const fault = faults.get(dealId) ?? faults.get(EVERY_DEAL);
    if (fault?.count !== undefined) {
      control(fault.count > 1 ? { ...fault, count: fault.count - 1 } : { ...fault, mode: "ok" });
    }
    return fault;
  };
  return {
    control,
    active: () => [...faults.values()],
    run: async (dealId, call, work) => {
      const fault = take(dealId);
      if (fault === undefined) return work();
      if (fault.when === "after") work();
      return fail(fault, call.signal);
    },
  };
}

async function fail({ mode, retryAfterSeconds }: Control, clientGone: AbortSignal): Promise<RouteAnswer> {
  if (mode === "crash") process.exit(1);
  if (mode === "hang") await aborted(clientGone);
  throw new Refusal(503, "product provisioning is unavailable, try again later", retryAfterSeconds);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
