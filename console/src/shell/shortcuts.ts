import { useEffect, useRef } from "react";

/** A keyboard shortcut: one key or a sequence of two, such as `j`, `Shift-C` or `g r`. */
export interface Shortcut {
  readonly keys: string;
  readonly label: string;
  readonly run: () => void;
  /** Not shown in the list of shortcuts. */
  readonly isQuiet?: boolean;
}

const scopes = new Set<{ current: readonly Shortcut[] }>();
const pairMs = 1_200;
const storageKey = "baton.keys";
let first: { key: string; at: number } | null = null;

/** Registers shortcuts while the component is mounted. Single keys are ignored in text fields and can be turned off. */
export function useShortcuts(keys: readonly Shortcut[]): void {
  const scope = useRef(keys);
  scope.current = keys;
  useEffect(() => {
    scopes.add(scope);
    return () => void scopes.delete(scope);
  }, []);
}

/** All active shortcuts, without duplicates. */
export function listShortcuts(): readonly Shortcut[] {
  const seen = new Set<string>();
  return [...scopes]
    .flatMap((scope) => [...scope.current])
    .filter(({ keys, isQuiet }) => !isQuiet && !seen.has(keys) && seen.add(keys));
}

/** Whether single-key shortcuts are on; those with Ctrl always are. */
export function areSingleKeysOn(): boolean {
  return localStorage.getItem(storageKey) !== "off";
}

/** Turns single-key shortcuts on or off in this browser. */
export function setSingleKeys(isOn: boolean): void {
  localStorage.setItem(storageKey, isOn ? "on" : "off");
}

/** Starts listening for keys; called once. */
export function listenForShortcuts(): void {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.isComposing) return;
    const isCommand = event.ctrlKey || event.metaKey;
    if (!isCommand && (!areSingleKeysOn() || isTyping(event.target))) return;
    if (document.querySelector("dialog[open]") !== null) return;
    const name = nameOf(event, isCommand);
    if ((name === "Enter" || name === "Space") && isPressable(event.target)) return;
    const pair = first !== null && Date.now() - first.at < pairMs ? `${first.key} ${name}` : null;
    const found = (pair === null ? undefined : find(pair)) ?? find(name);
    first = found === undefined && !isCommand && name.length === 1 ? { key: name, at: Date.now() } : null;
    if (found === undefined) return;
    event.preventDefault();
    found.run();
  });
}

/** The component mounted last takes precedence. */
function find(keys: string): Shortcut | undefined {
  return [...scopes].flatMap((scope) => [...scope.current]).findLast((key) => key.keys === keys);
}

function nameOf(event: KeyboardEvent, isCommand: boolean): string {
  const key = event.key === " " ? "Space" : event.key;
  if (isCommand) return `Ctrl-${key.toLowerCase()}`;
  return event.shiftKey && /^[a-z]$/i.test(key) ? `Shift-${key.toUpperCase()}` : key;
}

/** A focused link or button handles Enter and Space itself. */
function isPressable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(A|BUTTON|SUMMARY)$/.test(target.tagName);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
    !(target instanceof HTMLInputElement && target.type === "checkbox")
  );
}
