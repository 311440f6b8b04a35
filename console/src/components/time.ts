/** Formats a duration with at most two units: `850 ms`, `1.4 s`, `2 m 5 s`, `26 h 0 m`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 72 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Formats an age in ms relative to now, in one unit: `5 m ago`; negative: `in 5 m`. */
export function formatRelative(ms: number): string {
  const size = Math.abs(ms);
  const text =
    size < 60_000
      ? `${Math.round(size / 1_000)} s`
      : size < 3_600_000
        ? `${Math.round(size / 60_000)} m`
        : size < 48 * 3_600_000
          ? `${Math.round(size / 3_600_000)} h`
          : `${Math.round(size / 86_400_000)} d`;
  return ms < -1_000 ? `in ${text}` : `${text} ago`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${JSON.stringify(options)}`;
  let known = formats.get(key);
  if (known === undefined) {
    known = new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options });
    formats.set(key, known);
  }
  return known;
}

/** Formats date and time: `19 Nov 08:12:04`, with the year if it is not this one. */
export function formatDateTime(iso: string, zone: string): string {
  const at = new Date(iso);
  const isThisYear = at.getUTCFullYear() === new Date().getUTCFullYear();
  const day = formatFor(zone, { day: "numeric", month: "short", ...(isThisYear ? {} : { year: "numeric" }) });
  return `${day.format(at)} ${formatTime(iso, zone)}`;
}

/** Formats the time of day: `08:12:04`. */
export function formatTime(iso: string, zone: string, withSeconds = true): string {
  const options: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return formatFor(zone, withSeconds ? { ...options, second: "2-digit" } : options).format(new Date(iso));
}

/** Local date and time in a time zone, in the format of a datetime-local input: `2026-03-29T03:00`. */
export function toWallClock(iso: string, zone: string): string {
  const parts = formatFor(zone, {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(new Date(iso));
  const of = (type: Intl.DateTimeFormatPartTypes): string => parts.find((part) => part.type === type)?.value ?? "00";
  return `${of("year")}-${of("month")}-${of("day")}T${of("hour")}:${of("minute")}`;
}

/** Converts a local date and time in a time zone to UTC; null if it is invalid. */
export function fromWallClock(wall: string, zone: string): string | null {
  const wallMs = Date.parse(`${wall}Z`);
  if (Number.isNaN(wallMs)) return null;
  let at = wallMs;
  // Twice, because the first guess may be on the other side of a clock change.
  for (let round = 0; round < 2; round++) {
    const shown = Date.parse(`${toWallClock(new Date(at).toISOString(), zone)}Z`);
    at += Math.floor(wallMs / 60_000) * 60_000 - shown;
  }
  return new Date(at).toISOString();
}
