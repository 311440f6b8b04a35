import { NonRetryableError, workflow } from "baton";

/** Creates a secret value, uses it and fails with it. */
export const secret = workflow<{ user: string; card: string }>({ name: "secret", sensitive: ["card"] }, async (ctx) => {
  const { password } = await ctx.step(
    "make",
    (attempt) => {
      attempt.log.info("made tr0ub4dor-and-3");
      return { login: "ada", password: "tr0ub4dor-and-3" };
    },
    { sensitive: ["password"] },
  );
  ctx.log.warn(`it is ${password}`);
  await ctx.step(
    "refused",
    () => {
      throw new NonRetryableError(`refused ${password}`);
    },
    { whenExhausted: "continue" },
  );
  await ctx.step("whisper", () => ({ mail: password }));
  throw new NonRetryableError(`nobody accepts ${password}`);
});
