import { useSyncExternalStore } from "react";
import styles from "./announce.module.css";

/** What was done, in a sentence that stays for a while; also told to screen readers, in one polite region. */
interface Told {
  readonly text: string;
  readonly isProblem: boolean;
}

let told: Told | null = null;
let timer: number | undefined;
const listeners = new Set<() => void>();
const shownMs = 6_000;

function set(next: Told | null): void {
  told = next;
  for (const listener of listeners) listener();
}

/** Says what was done. A new sentence takes the place of the one before. */
export function announce(text: string, { isProblem = false } = {}): void {
  clearTimeout(timer);
  set({ text, isProblem });
  timer = window.setTimeout(() => set(null), shownMs);
}

/** Where it is said; once a page. */
export function Announcements() {
  const current = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => told,
  );
  return (
    <output className={styles.region} aria-live="polite">
      {current === null ? null : (
        <span className={current.isProblem ? styles.problem : styles.toast}>{current.text}</span>
      )}
    </output>
  );
}

/** Copies a text, also where the page is not secure enough for the clipboard's own interface. */
export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  announce(`Copied ${what}`);
}
