import { writeSync } from "node:fs";
import type { StandardSchemaV1 } from "@standard-schema/spec";

export interface Order {
  readonly n: number;
  readonly isPoison: boolean;
}

/** What the process prints before it blocks: nothing else shows that it does. */
export const blockedMark = "blocked for ever";

/** A schema that ends (`exit`, `kill`) or blocks (`hang`) its process for a poison event. */
export function schemaOf(how: string): StandardSchemaV1<Order, Order> {
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => {
        const order = value as Order;
        if (order.isPoison) act(how);
        return { value: order };
      },
    },
  };
}

function act(how: string): void {
  if (how === "exit") process.exit(7);
  if (how === "kill") process.kill(process.pid, "SIGKILL");
  writeSync(2, `${blockedMark}\n`);
  for (;;);
}
