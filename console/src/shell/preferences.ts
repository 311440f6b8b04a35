import { useSyncExternalStore } from "react";

/** Display preferences of this browser. */
export interface Preferences {
  readonly theme: "system" | "light" | "dark";
  /** IANA name, or `browser`. */
  readonly zone: string;
  readonly density: "compact" | "comfortable";
  /** Width of the step panel on the run page, px. */
  readonly drawerPx: number;
}

const storageKey = "baton.settings";
const listeners = new Set<() => void>();
let preferences = read();

function read(): Preferences {
  const start: Preferences = { theme: "system", zone: "browser", density: "compact", drawerPx: 400 };
  try {
    return { ...start, ...(JSON.parse(localStorage.getItem(storageKey) ?? "{}") as Partial<Preferences>) };
  } catch {
    return start;
  }
}

function apply(): void {
  const { dataset } = document.documentElement;
  if (preferences.theme === "system") delete dataset.theme;
  else dataset.theme = preferences.theme;
  dataset.density = preferences.density;
}

/** Saves preferences in this browser and applies them. */
export function setPreferences(part: Partial<Preferences>): void {
  preferences = { ...preferences, ...part };
  localStorage.setItem(storageKey, JSON.stringify(preferences));
  apply();
  for (const listener of listeners) listener();
}

/** The current preferences; rerenders when they change. */
export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, () => preferences);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Applies the saved preferences, and follows changes made in other tabs. */
export function startPreferences(): void {
  apply();
  addEventListener("storage", (event) => {
    if (event.key !== storageKey) return;
    preferences = read();
    apply();
    for (const listener of listeners) listener();
  });
}

/** Switches to the next theme: system, light, dark, then system again. */
export function nextTheme(): Preferences["theme"] {
  const order = ["system", "light", "dark"] as const;
  const next = order[(order.indexOf(preferences.theme) + 1) % order.length] ?? "system";
  setPreferences({ theme: next });
  return next;
}
