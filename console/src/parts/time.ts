/** A length as people say it, two units at most: `850 ms`, `1.4 s`, `2 m 5 s`, `26 h 0 m`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 72 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A distance from now in one unit. */
export function ago(ms: number): string {
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

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${JSON.stringify(options)}`;
  let known = formats.get(key);
  if (known === undefined) {
    known = new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options });
    formats.set(key, known);
  }
  return known;
}

/** `19 Nov 08:12:04`, with the year when it is another one. */
export function moment(iso: string, zone: string): string {
  const at = new Date(iso);
  const isThisYear = at.getUTCFullYear() === new Date().getUTCFullYear();
  const day = format(zone, { day: "numeric", month: "short", ...(isThisYear ? {} : { year: "numeric" }) });
  return `${day.format(at)} ${clock(iso, zone)}`;
}

/** `08:12:04`. */
export function clock(iso: string, zone: string, withSeconds = true): string {
  const options: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return format(zone, withSeconds ? { ...options, second: "2-digit" } : options).format(new Date(iso));
}

/** What the clocks of a zone show at a moment, as a field for date and time writes it: `2026-03-29T03:00`. */
export function toWallClock(iso: string, zone: string): string {
  const parts = format(zone, {
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

/** The moment at which the clocks of a zone show this, in UTC; null of what is no date and time. */
export function fromWallClock(wall: string, zone: string): string | null {
  const asked = Date.parse(`${wall}Z`);
  if (Number.isNaN(asked)) return null;
  let at = asked;
  // Twice: the first guess may stand on the other side of a change of the clocks.
  for (let round = 0; round < 2; round++) {
    const shown = Date.parse(`${toWallClock(new Date(at).toISOString(), zone)}Z`);
    at += Math.floor(asked / 60_000) * 60_000 - shown;
  }
  return new Date(at).toISOString();
}
