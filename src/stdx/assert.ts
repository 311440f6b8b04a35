/** Stops on a broken invariant: the message names the rule, since nobody may go on over it. */
export function assert(condition: unknown, rule: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${rule}`);
}

/** For the default branch of a `switch` over a closed union. */
export function unreachable(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
