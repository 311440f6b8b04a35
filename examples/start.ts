/** `npm run example -- <name>`: runs the demo of one example. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const names = readdirSync(import.meta.dirname).filter((name) =>
  existsSync(join(import.meta.dirname, name, "start.ts")),
);
const [name] = process.argv.splice(2, 1);
if (name === undefined || !names.includes(name)) {
  process.stderr.write(`Usage: npm run example -- <name>\n\nExamples:\n${names.map((each) => `  ${each}\n`).join("")}`);
  process.exitCode = 2;
} else await import(`./${name}/start.ts`);
