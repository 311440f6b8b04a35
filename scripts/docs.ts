import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { generatedPages } from "./pages.ts";

/** Writes the pages that are made from the code; a test fails when they differ. */
const root = dirname(dirname(fileURLToPath(import.meta.url)));
for (const { path, text } of generatedPages(root)) writeFileSync(join(root, path), text);
