/** Everything that would bring this machine's time or randomness into a simulation. */
const ambient = [
  [Date, "now"],
  [Math, "random"],
  [performance, "now"],
  [globalThis, "setTimeout"],
  [globalThis, "setInterval"],
  [globalThis, "setImmediate"],
  [globalThis, "fetch"],
  [globalThis.crypto, "randomUUID"],
] as const;

/**
 * Replaces them with functions that throw, and returns a function that restores them. One ambient call fails its seed.
 */
export function poisonAmbient(): () => void {
  const saved = ambient.map(([owner, name]) => [owner, name, Object.getOwnPropertyDescriptor(owner, name)] as const);
  for (const [owner, name] of ambient) {
    Object.defineProperty(owner, name, {
      configurable: true,
      writable: true,
      value: () => {
        throw new Error(`${name} was called inside the simulation: use the ports for time and randomness`);
      },
    });
  }
  return () => {
    for (const [owner, name, descriptor] of saved) {
      if (descriptor === undefined) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, descriptor);
    }
  };
}
