const formats = new Map<string, { readonly day: Intl.DateTimeFormat; readonly words: Intl.DateTimeFormat }>();

function formatsOf(zone: string) {
  let known = formats.get(zone);
  if (known === undefined) {
    known = {
      day: new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }),
      words: new Intl.DateTimeFormat("en-GB", {
        timeZone: zone,
        weekday: "short",
        day: "numeric",
        month: "short",
        year: "numeric",
      }),
    };
    formats.set(zone, known);
  }
  return known;
}

/** The date of a timestamp in a time zone: `2026-03-29`. */
export function dayOf(iso: string, zone: string): string {
  return formatsOf(zone).day.format(new Date(iso));
}

/** Formats the date for display: `Sun, 29 Mar 2026`. */
export function dayText(iso: string, zone: string): string {
  return formatsOf(zone).words.format(new Date(iso));
}
