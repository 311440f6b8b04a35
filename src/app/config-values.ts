import { isAbsolute, resolve } from "node:path";
import { BatonError } from "../kernel/model/errors.ts";
import { defaults } from "../kernel/model/limits.ts";
import { readStoreAddress } from "./store-address.ts";

/** Parsers of single settings from a flag, the environment or a config file. Each throws if the value is invalid. */

export function readPort(given: string | number): number {
  const port = given === "" ? Number.NaN : Number(given);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new TypeError(`must be a number from 0 to 65535, not ${JSON.stringify(given)}`);
}

export function readCount(given: string | number): number {
  const count = Number(given);
  if (Number.isInteger(count) && count > 0) return count;
  throw new TypeError(`must be a whole number of 1 or more, not ${JSON.stringify(given)}`);
}

/** Values below `inlineMax` are always stored in the database, where they are read faster. */
export function readOffload(given: string | number): number {
  const bytes = readCount(given);
  if (bytes >= defaults.inlineMax) return bytes;
  throw new TypeError(`must be ${defaults.inlineMax} bytes or more, not ${bytes}`);
}

export function readSwitch(given: string | boolean): boolean {
  if (given === true || given === "1" || given === "true") return true;
  if (given === false || given === "0" || given === "false") return false;
  throw new TypeError(`must be true or false, not ${JSON.stringify(given)}`);
}

/** A client that reaches the API may do everything, so only this machine may reach it until there are accounts. */
export function readHost(given: string): string {
  if (given === "localhost") return "127.0.0.1";
  if (/^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(given) || given === "::1") return given;
  throw new BatonError(
    "needs-accounts",
    `Baton listens on loopback addresses only, not on ${given}: other addresses need user accounts`,
    {
      hint: "omit the host; for remote access, use a tunnel: ssh -L",
    },
  );
}

/** A store address with an absolute path. A bare path is a SQLite file. */
export function readStore(given: string, base: string): string {
  const address = readStoreAddress(given.includes(":") && !isAbsolute(given) ? given : `sqlite:${given}`);
  return address.kind === "sqlite" ? `sqlite:${resolve(base, address.path)}` : address.url;
}

/** Queue names, as a list or separated by commas. */
export function readQueues(given: string | readonly string[]): readonly string[] {
  const names = (typeof given === "string" ? given.split(",") : given).map((name) => String(name).trim());
  if (names.length > 0 && names.every((name) => name !== "" && name.length <= 200)) return [...new Set(names)];
  throw new TypeError(`must be queue names such as "default,reports", not ${JSON.stringify(given)}`);
}
