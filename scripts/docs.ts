import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { generatedPages } from "./pages.ts";

/** Writes the pages that are generated from the code. A test fails if they are out of date. */
const root = dirname(dirname(fileURLToPath(import.meta.url)));
for (const { path, text } of generatedPages(root)) writeFileSync(join(root, path), text);
