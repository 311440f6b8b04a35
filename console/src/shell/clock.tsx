import { useSyncExternalStore } from "react";
import { ago, clock, moment } from "../parts/time.ts";
import { useSettings } from "./settings.ts";

/** Now as the server has it, so that ages are right on a machine whose clock is not. One tick a second for all. */
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

/** Takes the server's clock and zone, as it told them just now. */
export function setServerClock(iso: string, zone: string): void {
  serverZone = zone;
  offsetMs = Date.parse(iso) - Date.now();
  now = Date.now() + offsetMs;
}

/** In ms; changes once a second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** Now as the server has it, for what does not tick. */
export function serverNow(): number {
  return Date.now() + offsetMs;
}

const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The zone that times are shown in. Every row asks for it: it must cost nothing. */
export function useZone(): string {
  const { zone } = useSettings();
  return zone === "browser" ? browserZone : zone === "server" ? serverZone : zone;
}

/** How long ago, with the moment and its zone behind it. */
export function Ago({ at }: { at: string }) {
  const zone = useZone();
  const from = useNow();
  return (
    <time dateTime={at} title={`${moment(at, zone)} ${zone} · ${at}`}>
      {ago(from - Date.parse(at))}
    </time>
  );
}

/** A moment, with its zone. */
export function Moment({
  at,
  isBare = false,
  isTimeOnly = false,
}: {
  at: string;
  isBare?: boolean;
  isTimeOnly?: boolean;
}) {
  const zone = useZone();
  return (
    <time dateTime={at} title={at}>
      {isTimeOnly ? clock(at, zone) : moment(at, zone)}
      {isBare ? null : ` ${zone}`}
    </time>
  );
}
