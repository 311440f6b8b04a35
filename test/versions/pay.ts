/** Sources of a workflow as its author changes it: the versions differ in what happens between two steps. */
export interface PayText {
  /** The result of the last step, or with `fails` its error text. */
  readonly mark: string;
  /** A step before the one that charges. */
  readonly hasCheck?: boolean;
  readonly fails?: boolean;
  /** Lines before the workflow. */
  readonly head?: string;
  /** A step after all others. */
  readonly hasReceipt?: boolean;
}

export function payText({ mark, hasCheck, fails, head = "", hasReceipt }: PayText): string {
  return `import { workflow } from "baton";
${head}
interface Order {
  id: string;
  amount: number;
}

export const pay = workflow({ name: "pay" }, async (ctx, order: Order) => {
  await ctx.step("reserve", () => order.amount);
${hasCheck ? '  await ctx.step("fraud check", () => true);\n' : ""}  await ctx.step("charge", () => "${mark}");
  await ctx.waitForEvent("go", { match: { id: order.id } });
  const shipped = await ctx.step("ship", () => {
    ${fails ? `throw new Error("${mark} cannot ship");` : `return "${mark}";`}
  }, { retry: false });
${hasReceipt ? '  await ctx.step("receipt", () => "sent");\n' : ""}  return shipped;
});
`;
}

/** The line of the throw in a failing source. */
export function lineOfFailure(text: string): number {
  return text.split("\n").findIndex((line) => line.includes("throw new Error")) + 1;
}
