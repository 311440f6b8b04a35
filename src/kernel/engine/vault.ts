import type { ErrorRecord } from "../model/errors.ts";
import { BatonError } from "../model/errors.ts";
import { hasSealed, isSealed } from "../model/sealed.ts";
import type { StartRun } from "../model/start-run.ts";
import type { LogLine } from "../model/transition.ts";
import type { Cipher, Sealed } from "../ports/cipher.ts";

export function placeOfEvent(source: string, id: string): string {
  return JSON.stringify(["event", source, id]);
}

/** Replaces text that must not be shown. */
export const hidden = "hidden: the step is sensitive";
const redacted = "[redacted]";
/** The mark after text that was truncated. */
const cutMark = "… (cut from ";
/** Shorter values are masked only in their own field: redacting them elsewhere would remove ordinary text. */
const redactMin = 8;

function wrap(sealed: Sealed): string {
  return JSON.stringify({ $sealed: sealed });
}

/** The place that a value's ciphertext is bound to. */
export function placeOf(run: string, step: string, field: string): string {
  return JSON.stringify([run, step, field]);
}

export function sealText(cipher: Cipher, text: string, place: string): string {
  return wrap(cipher.seal(text, place));
}

/** The clear text. Text that is not sealed is returned unchanged. */
export function openText(cipher: Cipher, text: string, place: string): string {
  return isSealed(text) ? cipher.open((JSON.parse(text) as { $sealed: Sealed }).$sealed, place) : text;
}

/** Seals the values at these paths; missing paths are ignored. `field` is `input` or `output`. */
function sealParts(
  cipher: Cipher,
  text: string,
  paths: readonly string[],
  { run, step, field }: { run: string; step: string; field: string },
): { text: string; parts: readonly string[] } {
  const value: unknown = JSON.parse(text);
  const parts: string[] = [];
  for (const path of paths) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    const owner = keys.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), value);
    if (!isObject(owner) || owner[last] === undefined) continue;
    const part = JSON.stringify(owner[last]);
    parts.push(part);
    owner[last] = { $sealed: cipher.seal(part, placeOf(run, step, `${field}.${path}`)) };
  }
  return { text: JSON.stringify(value), parts };
}

/** The clear text of a value that is sealed as a whole or in parts, and its sealed parts. */
function openParts(
  cipher: Cipher,
  text: string,
  { run, step, field }: { run: string; step: string; field: string },
): { text: string; parts: readonly string[] } {
  if (!hasSealed(text)) return { text, parts: [] };
  if (isSealed(text)) {
    const whole = openText(cipher, text, placeOf(run, step, field));
    return { text: whole, parts: [whole] };
  }
  const parts: string[] = [];
  const open = (value: unknown, path: string): unknown => {
    if (!isObject(value)) return value;
    const { $sealed } = value;
    if ($sealed !== undefined) {
      const part = cipher.open($sealed as Sealed, placeOf(run, step, path));
      parts.push(part);
      return JSON.parse(part);
    }
    for (const [key, inner] of Object.entries(value)) value[key] = open(inner, `${path}.${key}`);
    return value;
  };
  return { text: JSON.stringify(open(JSON.parse(text), field)), parts };
}

/** The clear input of a run, and its sensitive parts. */
export function openInput(cipher: Cipher, text: string, run: string): { text: string; parts: readonly string[] } {
  return openParts(cipher, text, { run, step: "", field: "input" });
}

/** The clear output of a step. */
export function openOutput(cipher: Cipher, text: string, run: string, step: string): string {
  return openParts(cipher, text, { run, step, field: "output" }).text;
}

/**
 * The sensitive values of one run in memory. It seals and opens them, and remembers each one, so that none leaks into a
 * log, an error or the output of another step.
 */
export class Vault {
  readonly #cipher: Cipher;
  readonly #run: string;
  readonly #known = new Set<string>();

  constructor(cipher: Cipher, run: string) {
    this.#cipher = cipher;
    this.#run = run;
  }

  /** `paths`: seals only these parts. */
  seal(text: string, step: string, field: string, paths: readonly string[] | true = true): string {
    if (paths !== true) {
      const sealed = sealParts(this.#cipher, text, paths, { run: this.#run, step, field });
      for (const part of sealed.parts) this.learn(part);
      return sealed.text;
    }
    this.learn(text);
    return sealText(this.#cipher, text, placeOf(this.#run, step, field));
  }

  open(text: string, step: string, field: string): string {
    return this.openOf(this.#run, text, step, field);
  }

  /** Opens a value of another run, such as a child. */
  openOf(run: string, text: string, step: string, field: string): string {
    const clear = openParts(this.#cipher, text, { run, step, field });
    for (const part of clear.parts) this.learn(part);
    return clear.text;
  }

  /**
   * The event as stored in its own row: its data is sealed for every run that may receive it. `body` is what a wait
   * receives.
   */
  sealEvent(body: string): { source: string; id: string; data: string } {
    const { source, id, data } = JSON.parse(body) as { source: string; id: string; data?: unknown };
    const text = JSON.stringify(data ?? null);
    this.learn(text);
    return { source, id, data: sealText(this.#cipher, text, placeOfEvent(source, id)) };
  }

  openEvent(body: string): string {
    const event = JSON.parse(body) as { source: string; id: string; data?: unknown };
    const text = JSON.stringify(event.data);
    if (!isSealed(text)) return body;
    const clear = openText(this.#cipher, text, placeOfEvent(event.source, event.id));
    this.learn(clear);
    return JSON.stringify({ ...event, data: JSON.parse(clear) });
  }

  /** Remembers the strings and long numbers of a JSON text for redaction, in every usual encoding. */
  learn(text: string): void {
    for (const value of leavesOf(JSON.parse(text))) {
      if (value.length < redactMin) continue;
      for (const form of formsOf(value)) this.#known.add(form);
    }
  }

  /** Whether a text contains a known value. */
  holds(text: string | null): boolean {
    if (text === null) return false;
    for (const value of this.#known) if (text.includes(value)) return true;
    return false;
  }

  redact(text: string): string {
    let clean = text;
    for (const value of this.#known) clean = clean.replaceAll(value, redacted);
    return this.#redactCut(clean);
  }

  /** Redacts a value at the end that was cut when the text was truncated. */
  #redactCut(text: string): string {
    const at = text.lastIndexOf(cutMark);
    const end = at === -1 ? text.length : at;
    const head = text.slice(0, end);
    for (const value of this.#known) {
      for (let n = Math.min(value.length - 1, end); n >= redactMin; n--)
        if (head.endsWith(value.slice(0, n))) return `${head.slice(0, end - n)}${redacted}${text.slice(end)}`;
    }
    return text;
  }

  redactError(record: ErrorRecord): ErrorRecord {
    return this.#redactValue(record) as ErrorRecord;
  }

  redactLine(line: LogLine): LogLine {
    return {
      ...line,
      message: this.redact(line.message),
      data: line.data === null ? null : this.#redactData(line.data),
    };
  }

  /** Truncated data is no longer valid JSON. */
  #redactData(text: string): string {
    try {
      return JSON.stringify(this.#redactValue(JSON.parse(text)));
    } catch {
      return this.redact(text);
    }
  }

  /** Redacts each leaf, so that the shape is kept: a number may be sensitive, and so may text that looks like JSON. */
  #redactValue(value: unknown): unknown {
    if (typeof value === "string") return this.redact(value);
    if (typeof value === "number") return this.holds(String(value)) ? redacted : value;
    if (Array.isArray(value)) return value.map((each) => this.#redactValue(each));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [this.redact(key), this.#redactValue(each)]));
  }

  refuse(text: string | null, what: string): void {
    if (!this.holds(text)) return;
    throw new BatonError("sensitive-leak", `${what} contains a sensitive value`, {
      hint: "keys, attributes, matches and events are stored and shown in plain text: leave it out",
    });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function leavesOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number") return [String(value)];
  return isObject(value) ? Object.values(value).flatMap(leavesOf) : [];
}

/** The value itself, inside JSON, in a URL, and in base64 and hexadecimal. */
function formsOf(value: string): readonly string[] {
  const bytes = new TextEncoder().encode(value);
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")).replace(/=+$/, "");
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [
    ...new Set([
      value,
      JSON.stringify(value).slice(1, -1),
      encodeURIComponent(value),
      base64,
      base64.replaceAll("+", "-").replaceAll("/", "_"),
      hex,
      hex.toUpperCase(),
    ]),
  ];
}

/**
 * Refuses sensitive values in what a start is found and counted by, which is stored in clear text. Idempotency keys are
 * the callers' own, such as an event's id.
 */
export function refuseLeaks(
  vault: Vault,
  { key, attributes, flow }: Pick<StartRun, "key" | "attributes" | "flow">,
  name: string,
): void {
  vault.refuse(key, `the business key of ${name}`);
  vault.refuse(attributes, `an attribute of ${name}`);
  if (flow !== undefined) vault.refuse(JSON.stringify(flow), `a key of ${name}'s limits`);
}
