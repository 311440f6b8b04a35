import type { CustomTypesConfig } from "pg";

/**
 * Parses values to the types that SQLite returns, so that the same code reads both. Numbers are far below 2^53, and
 * booleans are 1 or 0.
 */
export const storeTypes: CustomTypesConfig = {
  getTypeParser: ((oid: number) => parsers.get(oid) ?? asText) as CustomTypesConfig["getTypeParser"],
};

const asText = (text: string): string => text;
const asNumber = (text: string): number => Number(text);
const asNumbers = (text: string): number[] => (text === "{}" ? [] : text.slice(1, -1).split(",").map(Number));

const parsers: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [16, (text) => (text === "t" ? 1 : 0)],
  [20, asNumber],
  [21, asNumber],
  [23, asNumber],
  [700, asNumber],
  [701, asNumber],
  [1700, asNumber],
  [1016, asNumbers],
]);
