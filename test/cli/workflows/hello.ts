import { existsSync } from "node:fs";
import { NonRetryableError, workflow } from "baton";

/** `fragile` works when this file is in the current folder. */
const repaired = "repaired";

export const hello = workflow(
  { name: "hello", key: ({ name }: { name: string }) => `person:${name}` },
  (ctx, { name }) => ctx.step("greet", () => `Hello ${name}`),
);

export const fragile = workflow({ name: "fragile" }, async (ctx) => {
  await ctx.step("first", () => 1);
  await ctx.step("second", () => {
    if (!existsSync(repaired)) throw new NonRetryableError("no \u001b]0;voice\u0007 \u009b31m there");
    return 2;
  });
  return "whole again";
});

export const patient = workflow({ name: "patient" }, async (ctx) => {
  const event = await ctx.waitForEvent("go", { timeout: "3d" });
  return event?.data ?? null;
});

export const large = workflow({ name: "large" }, (ctx) => ctx.step("write", () => "x".repeat(50_000)));
