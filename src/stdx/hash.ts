/**
 * A 53-bit hash of a text as 14 hex digits (cyrb53, public domain). Not for secrets: it only distinguishes inputs,
 * match keys and seeds, without a platform API, so that the kernel does not depend on Node.
 */
export function hash53(text: string, seed = 0): string {
  return hash53Number(text, seed).toString(16).padStart(14, "0");
}

/** The same hash as a safe integer. */
export function hash53Number(text: string, seed = 0): number {
  let h1 = 0xdeadbeef ^ seed;
  let h2 = 0x41c6ce57 ^ seed;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    h1 = Math.imul(h1 ^ code, 2654435761);
    h2 = Math.imul(h2 ^ code, 1597334677);
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507) ^ Math.imul(h2 ^ (h2 >>> 13), 3266489909);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507) ^ Math.imul(h1 ^ (h1 >>> 13), 3266489909);
  return 4294967296 * (2097151 & h2) + (h1 >>> 0);
}
