/**
 * How a system is told to fail, so that a demo or a test sees a real failure: a real 503, a connection that hangs, a
 * process that is gone. Told for one deal it harms no other; told `sticky` it survives the death of the system.
 */
import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { Refusal } from "./refusal.ts";
import type { Answer, Call } from "./service.ts";

/** The body of `POST /control`. */
export const Control = z.object({
  /** "ok" mends what was told before for the same `only`. */
  mode: z.enum(["ok", "503", "hang", "die"]),
  /** The one deal to fail for; without it, every deal. */
  only: z.string().optional(),
  /** Fail so many times, then behave again; without it, until mended. */
  count: z.int().positive().optional(),
  /** "after" acts first and then fails to answer: the outcome that only an idempotency key can repair. */
  moment: z.enum(["before", "after"]).default("before"),
  /** Sent with a 503 as the Retry-After header. */
  retryAfterSeconds: z.int().nonnegative().optional(),
  /** Whether the order outlives this process. */
  sticky: z.boolean().default(false),
});
export type Control = z.infer<typeof Control>;

export const MISBEHAVIOUR_TABLES = `
  create table if not exists misbehaviour (target text primary key, control text not null) strict, without rowid;
`;

/** Stands in for "every deal" where a deal id would be. */
const EVERY_DEAL = "*";

/** Takes orders, and carries them out around the work of a request. */
export interface Misbehaviour {
  order(control: Control): void;
  /** Orders in force. */
  orders(): readonly Control[];
  around(dealId: string, call: Call, work: () => Answer): Promise<Answer>;
}

/** Goes on with the sticky orders that an earlier process of this system left in `db`. */
export function openMisbehaviour(db: DatabaseSync): Misbehaviour {
  const orders = new Map<string, Control>(
    db
      .prepare("select target, control from misbehaviour")
      .all()
      .map((row) => [String(row["target"]), Control.parse(JSON.parse(String(row["control"])))]),
  );
  const order = (control: Control): void => {
    const target = control.only ?? EVERY_DEAL;
    if (control.mode === "ok") orders.delete(target);
    else orders.set(target, control);
    db.prepare("delete from misbehaviour where target = ?").run(target);
    if (control.mode === "ok" || !control.sticky) return;
    db.prepare("insert into misbehaviour (target, control) values (?, ?)").run(target, JSON.stringify(control));
  };
  const take = (dealId: string): Control | undefined => {
    const control = orders.get(dealId) ?? orders.get(EVERY_DEAL);
    if (control?.count !== undefined) {
      order(control.count > 1 ? { ...control, count: control.count - 1 } : { ...control, mode: "ok" });
    }
    return control;
  };
  return {
    order,
    orders: () => [...orders.values()],
    around: async (dealId, call, work) => {
      const control = take(dealId);
      if (control === undefined) return work();
      if (control.moment === "after") work();
      return misbehave(control, call.signal);
    },
  };
}

async function misbehave({ mode, retryAfterSeconds }: Control, clientGone: AbortSignal): Promise<Answer> {
  if (mode === "die") process.exit(1);
  if (mode === "hang") await aborted(clientGone);
  throw new Refusal(503, "product provisioning is unavailable; try again later", retryAfterSeconds);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
