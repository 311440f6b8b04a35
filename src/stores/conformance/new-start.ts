import type { StartRun } from "../../kernel/model/start-run.ts";

export const definition = { kind: "workflow", name: "order", version: 1 } as const;

let lastId = 0;

/** A start as any client may send it, with its own ID. */
export function newStart(over: Partial<StartRun> = {}): StartRun {
  lastId += 1;
  return {
    kind: "start",
    id: `run_${String(lastId).padStart(8, "0")}`,
    definition,
    input: '{"n":1}',
    inputHash: "h1",
    key: null,
    idempotencyKey: null,
    priorityMs: 0,
    attributes: null,
    origin: { by: "test" },
    ...over,
  };
}
