/// <reference lib="esnext.temporal" />
import { BatonError } from "../model/errors.ts";

/** A stretch of time in which a zone's clocks keep one distance from UTC. Wall-clock time is `instant + offsetMs`. */
export interface Stretch {
  /** First instant; minus infinity where there was no change before. */
  readonly from: number;
  /** First instant after it; infinity where none is known to come. */
  readonly to: number;
  readonly offsetMs: number;
  /** The distance before `from`; the same as `offsetMs` where there was no change. */
  readonly offsetBeforeMs: number;
}

const zoneMax = 64;

/** An IANA zone as it was written; throws for anything else, also for a bare offset, which knows no summer time. */
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

/** The last stretch of each zone: the next question is nearly always about the same one. */
const lastStretch = new Map<string, Stretch>();
/** Zones are few; a store that was made to hold more must not fill the memory. */
const zonesMax = 1_000;

/** The stretch that holds an instant. */
export function stretchAt(zone: string, instant: number): Stretch {
  const last = lastStretch.get(zone);
  if (last !== undefined && last.from <= instant && instant < last.to) return last;
  const there = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
  // The change at or before the instant: a change at the very instant belongs to the stretch that begins there.
  const change = Temporal.Instant.fromEpochMilliseconds(instant + 1)
    .toZonedDateTimeISO(zone)
    .getTimeZoneTransition("previous");
  const offsetMs = there.offsetNanoseconds / 1e6;
  const stretch: Stretch = {
    from: change?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    to: there.getTimeZoneTransition("next")?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offsetMs,
    offsetBeforeMs: change == null ? offsetMs : change.subtract({ milliseconds: 1 }).offsetNanoseconds / 1e6,
  };
  if (lastStretch.size >= zonesMax) lastStretch.clear();
  lastStretch.set(zone, stretch);
  return stretch;
}
