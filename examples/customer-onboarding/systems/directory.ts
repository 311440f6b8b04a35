/** Addresses of the five systems, from the file that the process which started them wrote. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

export const SYSTEM_NAMES = ["crm", "projects", "provisioning", "calendar", "mail"] as const;
export type SystemName = (typeof SYSTEM_NAMES)[number];

/** The address of each system. Mail has two: HTTP to read and SMTP to send. */
export type SystemUrls = Readonly<Record<SystemName | "smtp", string>>;

/** The file with the addresses: `ONBOARDING_SYSTEMS`, or the one that `npm start` writes. */
export function directoryFile(): string {
  return resolve(process.env["ONBOARDING_SYSTEMS"] ?? ".baton/systems/systems.json");
}

/** Reads the file on each call, because addresses may have changed since this process started. */
export function readSystemUrls(file: string = directoryFile()): SystemUrls {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { urls: SystemUrls }).urls;
  } catch (cause) {
    throw new Error(`the five systems are not running: cannot read ${file}. Start them with "npm start"`, { cause });
  }
}
