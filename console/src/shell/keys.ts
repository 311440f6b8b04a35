import { useEffect, useRef } from "react";

/** A key or a pair of keys in a row, such as `j`, `Shift-C` or `g r`, with what it does in words. */
export interface Key {
  readonly keys: string;
  readonly label: string;
  readonly run: () => void;
  /** Left out of the list of keys. */
  readonly isQuiet?: boolean;
}

const scopes = new Set<{ current: readonly Key[] }>();
const pairMs = 1_200;
const storageKey = "baton.keys";
let first: { key: string; at: number } | null = null;

/** Keys that work while a part of the page is there. Single letters never reach a field, and all can be turned off. */
export function useKeys(keys: readonly Key[]): void {
  const scope = useRef(keys);
  scope.current = keys;
  useEffect(() => {
    scopes.add(scope);
    return () => void scopes.delete(scope);
  }, []);
}

/** All keys that work here now, each once. */
export function listKeys(): readonly Key[] {
  const seen = new Set<string>();
  return [...scopes]
    .flatMap((scope) => [...scope.current])
    .filter(({ keys, isQuiet }) => !isQuiet && !seen.has(keys) && seen.add(keys));
}

/** Whether single letters do something; those with Ctrl always do. */
export function areKeysOn(): boolean {
  return localStorage.getItem(storageKey) !== "off";
}

/** Turns single letters on or off, in this browser. */
export function turnKeys(isOn: boolean): void {
  localStorage.setItem(storageKey, isOn ? "on" : "off");
}

/** Begins to listen; once a page. */
export function listenToKeys(): void {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.isComposing) return;
    const isCommand = event.ctrlKey || event.metaKey;
    if (!isCommand && (!areKeysOn() || isTyping(event.target))) return;
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

/** The newest part of the page has the last word. */
function find(keys: string): Key | undefined {
  return [...scopes].flatMap((scope) => [...scope.current]).findLast((key) => key.keys === keys);
}

function nameOf(event: KeyboardEvent, isCommand: boolean): string {
  const key = event.key === " " ? "Space" : event.key;
  if (isCommand) return `Ctrl-${key.toLowerCase()}`;
  return event.shiftKey && /^[a-z]$/i.test(key) ? `Shift-${key.toUpperCase()}` : key;
}

/** Enter and Space belong to the link or button that has the focus. */
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
