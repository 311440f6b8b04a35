import type { DeadGroup } from "../../kernel/ports/queries.ts";
import type { DeadLetterGroup } from "../../wire/dead-letter.ts";
import { hourMs, iso } from "./time.ts";

const hoursShown = 24;

/** A group of dead letters with the same error; `now` is store time. */
export function causeView(row: DeadGroup, now: number): DeadLetterGroup {
  const { fingerprint, definition: name, step, message, count, sample, versions } = row;
  const thisHour = Math.floor(now / hourMs);
  const hours = new Array<number>(hoursShown).fill(0);
  for (const at of row.fellAt) {
    const place = hoursShown - 1 - (thisHour - Math.floor(at / hourMs));
    if (place >= 0 && place < hoursShown) hours[place] = (hours[place] ?? 0) + 1;
  }
  const [firstAt, lastAt] = [iso(row.firstAt), iso(row.lastAt)];
  return { fingerprint, name, step, message, count, firstAt, lastAt, sample, versions, hours };
}
