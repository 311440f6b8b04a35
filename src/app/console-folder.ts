import { join } from "node:path";

/** The folder of the built console: next to the compiled code in the package, in its own workspace in a checkout. */
export function consoleFolder(): string {
  const isSource = import.meta.filename.endsWith(".ts");
  return join(import.meta.dirname, isSource ? "../../console/dist" : "../console");
}
