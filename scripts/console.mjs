// Builds the console to static files, each also compressed with gzip and Brotli. Runs on Node 26 with the installed
// packages.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "console");
const out = process.argv[2] === undefined ? join(root, "dist") : join(process.cwd(), process.argv[2]);

await build({ configFile: join(root, "vite.config.ts"), logLevel: "warn", build: { outDir: out, emptyOutDir: true } });
for (const name of readdirSync(out, { recursive: true })) {
  const file = join(out, String(name));
  if (!statSync(file).isFile() || !/\.(html|js|css|svg|json)$/.test(file)) continue;
  const bytes = readFileSync(file);
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}
