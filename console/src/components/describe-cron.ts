/**
 * Describes a cron pattern: `30 2 * * 1-5` is "at 02:30, Monday to Friday". Null for patterns without a short
 * description.
 */
export function describeCron(pattern: string): string | null {
  const named = names[pattern.trim().toLowerCase()];
  if (named !== undefined) return named;
  const fields = pattern.trim().toUpperCase().split(/\s+/);
  if (fields.length !== 5 && fields.length !== 6) return null;
  const [second, minute, hour, day, month, weekday] = fields.length === 5 ? ["0", ...fields] : fields;
  if (second === undefined || minute === undefined || hour === undefined) return null;
  const time = timeText(second, minute, hour);
  const days = dayText(day ?? "*", month ?? "*", weekday ?? "*");
  if (time === null || days === null) return null;
  if (days !== "") return `${time}, ${days}`;
  return time.startsWith("at ") ? `${time} every day` : time;
}

const names: Readonly<Record<string, string>> = {
  "@yearly": "at 00:00 on 1 January",
  "@annually": "at 00:00 on 1 January",
  "@monthly": "at 00:00, on day 1 of the month",
  "@weekly": "at 00:00, on Sunday",
  "@daily": "at 00:00 every day",
  "@hourly": "every hour",
};

const timesMax = 4;

function timeText(second: string, minute: string, hour: string): string | null {
  if (second !== "0") {
    if (minute !== "*" || hour !== "*") return null;
    return second === "*" ? "every second" : everyText(second, "second");
  }
  const minutes = numbers(minute, 0, 59);
  const hours = numbers(hour, 0, 23);
  if (minutes !== null && hours !== null) {
    if (minutes.length * hours.length > timesMax) return null;
    return `at ${joinList(hours.flatMap((h) => minutes.map((m) => clockOf(h, m))))}`;
  }
  const within = hourText(hour);
  if (within === null) return null;
  if (minute === "*") return `every minute${within}`;
  const every = everyText(minute, "minute");
  if (every !== null) return `${every}${within}`;
  if (minutes === null || minutes.length > timesMax) return null;
  const step = everyText(hour, "hour");
  const base = step ?? `every hour${within}`;
  return minutes.length === 1 && minutes[0] === 0 ? base : `${base} at minute ${joinList(minutes.map(String))}`;
}

/** Empty for every hour; null if there is no short description. */
function hourText(hour: string): string | null {
  if (hour === "*") return "";
  const range = /^(\d+)-(\d+)$/.exec(hour);
  if (range !== null) return ` from ${clockOf(Number(range[1]), 0)} to ${clockOf(Number(range[2]), 59)}`;
  const one = numbers(hour, 0, 23);
  if (one?.length === 1) return ` from ${clockOf(one[0] ?? 0, 0)} to ${clockOf(one[0] ?? 0, 59)}`;
  return /^(\*|0)\/\d+$/.test(hour) ? ` of ${everyText(hour, "hour")}` : null;
}

function everyText(field: string, unit: string): string | null {
  const step = /^(?:\*|0)\/(\d+)$/.exec(field);
  if (step === null) return null;
  const n = Number(step[1]);
  return n === 1 ? `every ${unit}` : n > 1 && n < 60 ? `every ${n} ${unit}s` : null;
}

const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const weekdayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const monthNames = months.map((month) => month.slice(0, 3).toUpperCase());

function dayText(day: string, month: string, weekday: string): string | null {
  const parts: string[] = [];
  if (day !== "*" && day !== "?") {
    const words = monthdayText(day);
    if (words === null) return null;
    parts.push(words);
  }
  if (weekday !== "*" && weekday !== "?") {
    const words = spanText(weekday, weekdayNames, 0, weekdays);
    if (words === null) return null;
    // If both are set, matching either one is enough.
    parts.push(parts.length === 0 ? words : `or ${words}`);
  }
  if (month === "*") return parts.join(" ");
  const span = spanText(month, monthNames, 1, months);
  if (span === null) return null;
  return [...parts, `in ${span}`].join(" ");
}

function monthdayText(day: string): string | null {
  if (day === "L") return "on the last day of the month";
  const one = numbers(day, 1, 31);
  if (one !== null) return `on day ${joinList(one.map(String))} of the month`;
  const range = /^(\d+)-(\d+)$/.exec(day);
  if (range !== null) return `on days ${range[1]} to ${range[2]} of the month`;
  const step = everyText(day, "day");
  return step === null ? null : `${step} of the month`;
}

/** Describes `MON-FRI` or `1,3`; `first` is the number of the first name. */
function spanText(field: string, short: readonly string[], first: number, words: readonly string[]): string | null {
  const wordOf = (text: string): string | null => {
    const at = short.indexOf(text);
    return at >= 0 ? (words[at] ?? null) : /^\d+$/.test(text) ? (words[Number(text) - first] ?? null) : null;
  };
  const range = /^(\w+)-(\w+)$/.exec(field);
  if (range !== null) {
    const [from, to] = [wordOf(range[1] ?? ""), wordOf(range[2] ?? "")];
    return from === null || to === null ? null : `${from} to ${to}`;
  }
  const each = field.split(",").map(wordOf);
  return each.some((word) => word === null) ? null : joinList(each as readonly string[]);
}

function numbers(field: string, least: number, most: number): readonly number[] | null {
  if (!/^\d+(,\d+)*$/.test(field)) return null;
  const all = field.split(",").map(Number);
  return all.every((n) => n >= least && n <= most) ? all : null;
}

function clockOf(hour: number, minute: number): string {
  return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
}

function joinList(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** The time of day of a pattern that has exactly one, else null. */
export function timeOfDay(pattern: string): string | null {
  const fields = pattern.trim().split(/\s+/);
  const [minute, hour] = fields.length === 6 ? fields.slice(1) : fields;
  const isOne = /^\d+$/.test(minute ?? "") && /^\d+$/.test(hour ?? "");
  return isOne ? clockOf(Number(hour), Number(minute)) : null;
}
