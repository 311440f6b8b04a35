import { spawnSync } from "node:child_process";

/**
 * `npm test`: types, lint and every test, on the Node that the project brings along. Further arguments replace the list
 * of test files. `BATON_CI=1` allows no skip that a missing tool would explain.
 */
const chosen = process.argv.slice(2);
const globs = ["src/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"];
const stages: readonly (readonly [string, readonly string[]])[] = [
  ["node_modules/.bin/tsc", ["--noEmit"]],
  ["node_modules/.bin/biome", ["check", "--error-on-warnings", "--max-diagnostics=20", "."]],
  [
    process.execPath,
    [
      "--conditions=source",
      "--test",
      "--test-concurrency=2",
      "--test-timeout=240000",
      ...(chosen.length > 0 ? chosen : globs),
    ],
  ],
];

for (const [command, args] of chosen.length > 0 ? stages.slice(2) : stages) {
  const { status } = spawnSync(command, args, { stdio: "inherit", env: { ...process.env, NODE_OPTIONS: "" } });
  if (status !== 0) process.exit(status ?? 1);
}
