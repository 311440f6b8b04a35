import { useSyncExternalStore } from "react";
import styles from "./announce.module.css";

/** A message that is shown for a few seconds and read by screen readers. */
interface Announcement {
  readonly text: string;
  readonly isProblem: boolean;
}

let announcement: Announcement | null = null;
let timer: number | undefined;
const listeners = new Set<() => void>();
const shownMs = 6_000;

function set(next: Announcement | null): void {
  announcement = next;
  for (const listener of listeners) listener();
}

/** Shows a message; it replaces the previous one. */
export function announce(text: string, { isProblem = false } = {}): void {
  clearTimeout(timer);
  set({ text, isProblem });
  timer = window.setTimeout(() => set(null), shownMs);
}

/** The region that shows messages; one per page. */
export function Announcements() {
  const current = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => announcement,
  );
  return (
    <output className={styles.region} aria-live="polite">
      {current === null ? null : (
        <span className={current.isProblem ? styles.problem : styles.toast}>{current.text}</span>
      )}
    </output>
  );
}

/** Copies text, also on origins where the clipboard API is unavailable. */
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
