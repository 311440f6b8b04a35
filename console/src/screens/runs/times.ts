/** When the runs of a list were started, where that is asked for. */
export interface Times {
  readonly from?: string;
  readonly to?: string;
}

/** Those of an address. What is no moment there is left out, as any other field that nobody knows. */
export function timesOf(from: string | undefined, to: string | undefined): Times {
  const isMoment = (text: string | undefined): text is string => text !== undefined && !Number.isNaN(Date.parse(text));
  return { ...(isMoment(from) ? { from } : {}), ...(isMoment(to) ? { to } : {}) };
}
