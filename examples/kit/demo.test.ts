/** Runs each example's demo as a user does: with its own command, in an empty folder. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { startChild } from "../customer-onboarding/processes/child.ts";

const examples = resolve(import.meta.dirname, "..");
const names = readdirSync(examples).filter(
  (name) => name !== "customer-onboarding" && existsSync(join(examples, name, "start.ts")),
);

async function runExample(name: string, cwd: string): Promise<{ code: number | null; lines: string[] }> {
  const lines: string[] = [];
  const onLine = (line: string): void => void lines.push(line.trim());
  const args = ["--conditions=source", join(examples, "start.ts"), name];
  const env = { BATON_STORE: undefined, BATON_URL: undefined, BATON_CONFIG: undefined, NODE_TEST_CONTEXT: undefined };
  const child = startChild({ args, cwd, env, onLine, onErrorLine: onLine });
  const { code } = await child.exited;
  return { code, lines };
}

describe("npm run example", { concurrency: 2 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "baton-demo-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("finds all examples", () => assert.equal(names.length, 6, names.join(", ")));

  for (const name of names) {
    it(`${name} runs its demo to the end`, async () => {
      const { code, lines } = await runExample(name, folder);
      assert.equal(code, 0, lines.join("\n"));
      assert.match(lines.at(-1) ?? "", /^The runs are in /, lines.join("\n"));
    });
  }

  it("lists the examples if the name is unknown", async () => {
    const { code, lines } = await runExample("no-such", folder);
    assert.equal(code, 2);
    assert.ok(lines.includes("order-fulfilment"), lines.join("\n"));
  });
});
