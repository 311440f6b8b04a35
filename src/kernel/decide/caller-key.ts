/** Prefixes of the idempotency keys that Baton makes itself, for the starts of schedules and events. */
const ownPrefixes = ["schedule:", "event:"] as const;
const callerPrefix = "caller:";

/**
 * The idempotency key of a caller as stored. One that begins like a key of Baton's own gets a prefix: it must not claim
 * the start of a scheduled time or of an event.
 */
export function callerKey(key: string | null): string | null {
  const isAlike = key !== null && [...ownPrefixes, callerPrefix].some((prefix) => key.startsWith(prefix));
  return isAlike ? `${callerPrefix}${key}` : key;
}

/** The key as its caller knows it. */
export function shownKey(key: string | null): string | null {
  return key?.startsWith(callerPrefix) ? key.slice(callerPrefix.length) : key;
}
