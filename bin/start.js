// A checkout runs its sources, the published package what was built of them.
const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");

const source = join(__dirname, "..", "src", "cli", "main.ts");
const built = join(__dirname, "..", "dist", "cli", "main.js");

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
