/** Throws if an invariant is broken. The message names the rule, because the code must not continue. */
export function assert(condition: unknown, rule: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${rule}`);
}

/** For the default branch of a `switch` over a closed union. */
export function unreachable(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
