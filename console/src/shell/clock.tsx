import { useSyncExternalStore } from "react";
import { formatDateTime, formatRelative, formatTime } from "../components/time.ts";
import { usePreferences } from "./preferences.ts";

/** The server's current time, so that ages are right if the local clock is wrong. Updated once a second. */
let now = Date.now();
let offsetMs = 0;
const listeners = new Set<() => void>();
let timer: number | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= window.setInterval(() => {
    if (document.hidden) return;
    now = Date.now() + offsetMs;
    for (const each of listeners) each();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

let serverZone = "UTC";

/** Sets the server's time and time zone from a response just received. */
export function setServerClock(iso: string, zone: string): void {
  serverZone = zone;
  offsetMs = Date.parse(iso) - Date.now();
  now = Date.now() + offsetMs;
}

/** The server's current time, ms; rerenders once a second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** The server's current time, ms, without rerendering. */
export function serverNow(): number {
  return Date.now() + offsetMs;
}

const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The time zone for displayed times. Called by every row, so it must be cheap. */
export function useZone(): string {
  const { zone } = usePreferences();
  return zone === "browser" ? browserZone : zone === "server" ? serverZone : zone;
}

/** A relative time such as `5 m ago`, with the exact time as tooltip. */
export function RelativeTime({ at }: { at: string }) {
  const zone = useZone();
  const from = useNow();
  return (
    <time dateTime={at} title={`${formatDateTime(at, zone)} ${zone} · ${at}`}>
      {formatRelative(from - Date.parse(at))}
    </time>
  );
}

/** Date and time with the time zone. */
export function Timestamp({
  at,
  isZoneHidden = false,
  isTimeOnly = false,
}: {
  at: string;
  isZoneHidden?: boolean;
  isTimeOnly?: boolean;
}) {
  const zone = useZone();
  return (
    <time dateTime={at} title={at}>
      {isTimeOnly ? formatTime(at, zone) : formatDateTime(at, zone)}
      {isZoneHidden ? null : ` ${zone}`}
    </time>
  );
}
