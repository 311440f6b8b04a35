// A checkout runs its sources, the published package the compiled files.
const { existsSync } = require("node:fs");
const { enableCompileCache } = require("node:module");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");

const source = join(__dirname, "..", "src", "cli", "main.ts");
const built = join(__dirname, "..", "dist", "cli", "main.js");

// Caches the stripped and compiled sources: a command in a checkout then takes less than half the time.
if (existsSync(source)) enableCompileCache(join(__dirname, "..", "node_modules", ".cache", "baton"));

import(pathToFileURL(existsSync(source) ? source : built).href)
  .then(({ main }) => main(process.argv.slice(2)))
  .then(
    (exitCode) => {
      process.exitCode = exitCode;
    },
    (error) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
