import { useSyncExternalStore } from "react";

/** What a person has chosen for this browser. */
export interface Settings {
  readonly theme: "system" | "light" | "dark";
  /** IANA name, or `browser`. */
  readonly zone: string;
  readonly density: "compact" | "comfortable";
  /** Of the step beside the timeline of a run, in px. */
  readonly drawerPx: number;
}

const storageKey = "baton.settings";
const listeners = new Set<() => void>();
let settings = read();

function read(): Settings {
  const start: Settings = { theme: "system", zone: "browser", density: "compact", drawerPx: 400 };
  try {
    return { ...start, ...(JSON.parse(localStorage.getItem(storageKey) ?? "{}") as Partial<Settings>) };
  } catch {
    return start;
  }
}

function apply(): void {
  const { dataset } = document.documentElement;
  if (settings.theme === "system") delete dataset.theme;
  else dataset.theme = settings.theme;
  dataset.density = settings.density;
}

/** Keeps a choice in this browser, and shows it at once. */
export function change(part: Partial<Settings>): void {
  settings = { ...settings, ...part };
  localStorage.setItem(storageKey, JSON.stringify(settings));
  apply();
  for (const listener of listeners) listener();
}

/** The choices of now; it renders again when one changes. */
export function useSettings(): Settings {
  return useSyncExternalStore(subscribe, () => settings);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Choices made in another tab hold here too. */
export function startSettings(): void {
  apply();
  addEventListener("storage", (event) => {
    if (event.key !== storageKey) return;
    settings = read();
    apply();
    for (const listener of listeners) listener();
  });
}

/** System, light, dark and round again. */
export function nextTheme(): Settings["theme"] {
  const order = ["system", "light", "dark"] as const;
  const next = order[(order.indexOf(settings.theme) + 1) % order.length] ?? "system";
  change({ theme: next });
  return next;
}
