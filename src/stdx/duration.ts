/** A duration: a number of milliseconds, `"90s"`, `"1h30m"`, `"2d"`, or ISO 8601 such as `"PT8H"`. */
export type Duration = number | string;

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const shortForm = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/;
const shortPart = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g;
const isoForm = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/** Returns milliseconds, a whole number of zero or more. Throws a `TypeError` that quotes a value it cannot read. */
export function parseDuration(value: Duration): number {
  if (typeof value === "number") return wholeMs(value, value);
  const text = value.trim();
  if (shortForm.test(text)) {
    let total = 0;
    for (const [, amount, unit] of text.matchAll(shortPart)) total += Number(amount) * (unitMs[unit ?? ""] ?? 0);
    return wholeMs(total, value);
  }
  const iso = isoForm.exec(text);
  if (iso && text.length > 2 && !text.endsWith("T")) {
    const [, weeks = "0", days = "0", hours = "0", minutes = "0", seconds = "0"] = iso;
    const total =
      Number(weeks) * 604_800_000 +
      Number(days) * 86_400_000 +
      Number(hours) * 3_600_000 +
      Number(minutes) * 60_000 +
      Number(seconds) * 1000;
    return wholeMs(total, value);
  }
  throw new TypeError(`not a duration: ${JSON.stringify(value)}; write milliseconds, "30s", "1h30m", "2d" or "PT8H"`);
}

/** A thousand years: more is a mistake, and such a time could not be stored. */
const durationMaxMs = 31_556_952_000_000;

/** Store times are integers: a fraction of a millisecond once made two clocks disagree about who held a lease. */
function wholeMs(ms: number, source: Duration): number {
  if (!Number.isFinite(ms) || ms < 0) throw new TypeError(`not a duration: ${String(source)}`);
  if (ms > durationMaxMs) throw new TypeError(`longer than a thousand years: ${String(source)}`);
  return Math.ceil(ms);
}

/** Formats a duration for people: `26 h 0 m`, `16.4 s`, `12 ms`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(1))} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} m ${Math.floor((ms % 60_000) / 1000)} s`;
  if (ms < 172_800_000) return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} m`;
  return `${Math.floor(ms / 86_400_000)} d ${Math.floor((ms % 86_400_000) / 3_600_000)} h`;
}
