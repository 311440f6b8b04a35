/** Everything that would bring chance or time of this machine into a simulation. */
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

/** Replaces them by throwers; returns how to put them back. One ambient call anywhere fails the seed that makes it. */
export function poisonAmbient(): () => void {
  const saved = ambient.map(([owner, name]) => [owner, name, Object.getOwnPropertyDescriptor(owner, name)] as const);
  for (const [owner, name] of ambient) {
    Object.defineProperty(owner, name, {
      configurable: true,
      writable: true,
      value: () => {
        throw new Error(`${name} was called inside the simulation: time and chance come from ports`);
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
