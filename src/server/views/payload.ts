import { maskText } from "../../kernel/model/sealed.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { byteLength } from "../../stdx/json.ts";
import { inlineBytesMax, type Payload } from "../../wire/payload.ts";

/** The mark that the store puts in place of a large value, with its number of bytes. */
const offloaded = /^@(\d+)$/;

/** A value as shown in a response: the value itself, or a reference if it is large. */
export async function payloadView(
  store: Store,
  run: number,
  part: string,
  stored: string | null,
  href: string,
): Promise<Payload> {
  const text = await smallText(store, run, part, stored);
  if (typeof text === "number") return { truncated: true, bytes: text, href };
  return text === null ? null : JSON.parse(maskText(text));
}

/** The whole text of a part whose stored form is known. */
export async function wholeText(
  store: Store,
  run: number,
  part: string,
  stored: string | null,
): Promise<string | null> {
  return stored !== null && offloaded.test(stored) ? store.query("payload", { run, part }) : stored;
}

/** The text, or its number of bytes if it is too large for a response. */
async function smallText(
  store: Store,
  run: number,
  part: string,
  stored: string | null,
): Promise<string | number | null> {
  const mark = stored === null ? null : offloaded.exec(stored);
  if (mark !== null) {
    const bytes = Number(mark[1]);
    return bytes > inlineBytesMax ? bytes : store.query("payload", { run, part });
  }
  if (stored === null) return null;
  const bytes = byteLength(stored, inlineBytesMax);
  return bytes > inlineBytesMax ? bytes : stored;
}
