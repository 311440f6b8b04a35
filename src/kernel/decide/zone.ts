/// <reference lib="esnext.temporal" />
import { BatonError } from "../model/errors.ts";

/** A period in which a zone keeps one offset from UTC. Wall-clock time is `instant + offsetMs`. */
export interface OffsetPeriod {
  /** First instant; minus infinity if there was no change before. */
  readonly from: number;
  /** First instant after it; infinity if no later change is known. */
  readonly to: number;
  readonly offsetMs: number;
  /** The offset before `from`; equal to `offsetMs` if there was no change. */
  readonly offsetBeforeMs: number;
}

const zoneMax = 64;

/**
 * Returns an IANA zone as written. Throws for anything else, including a bare offset, which has no daylight saving
 * time.
 */
export function checkZone(zone: unknown): string {
  const isName = typeof zone === "string" && zone.length <= zoneMax && /^[A-Za-z][\w+/-]*$/.test(zone);
  if (isName && isKnown(zone)) return zone;
  throw new BatonError("invalid-schedule", `${JSON.stringify(zone)?.slice(0, 80)} is not a time zone`, {
    hint: 'use an IANA name such as "Europe/Berlin" or "UTC"',
  });
}

function isKnown(zone: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    return true;
  } catch {
    return false;
  }
}

/** The last period of each zone: the next lookup is nearly always in the same one. */
const lastPeriod = new Map<string, OffsetPeriod>();
/** Zones are few. This bounds the memory if a store was crafted to name more. */
const zonesMax = 1_000;

/** The period that contains an instant. */
export function offsetPeriodAt(zone: string, instant: number): OffsetPeriod {
  const last = lastPeriod.get(zone);
  if (last !== undefined && last.from <= instant && instant < last.to) return last;
  const there = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
  // The change at or before the instant: a change exactly at the instant starts its period.
  const change = Temporal.Instant.fromEpochMilliseconds(instant + 1)
    .toZonedDateTimeISO(zone)
    .getTimeZoneTransition("previous");
  const offsetMs = there.offsetNanoseconds / 1e6;
  const period: OffsetPeriod = {
    from: change?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    to: there.getTimeZoneTransition("next")?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offsetMs,
    offsetBeforeMs: change == null ? offsetMs : change.subtract({ milliseconds: 1 }).offsetNanoseconds / 1e6,
  };
  if (lastPeriod.size >= zonesMax) lastPeriod.clear();
  lastPeriod.set(zone, period);
  return period;
}
