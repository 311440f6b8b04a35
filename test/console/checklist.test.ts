import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { startEnvironment } from "../../examples/customer-onboarding/environment.ts";
import { until } from "../../examples/customer-onboarding/processes/until.ts";
import { browserTest, closeBrowser, openTab, saveScreenshot } from "./browser.ts";

after(closeBrowser);

browserTest(
  "the getting-started checklist works step by step, with a killed server and two live versions",
  { timeout: 120_000 },
  async (scope) => {
    const folder = mkdtempSync(join(tmpdir(), "baton-checklist-"));
    scope.after(async () => rmSync(folder, { recursive: true, force: true }));
    const environment = await startEnvironment({
      storeFile: join(folder, "baton.db"),
      systemsDir: join(folder, "systems"),
      workflowsDir: join(folder, "workflows"),
      restartAfterMs: 1_500,
      env: { BATON_PORT: "0", ONBOARDING_RETRY_ATTEMPTS: "3", ONBOARDING_RETRY_FIRST: "100ms" },
      say: () => {},
      onErrorLine: () => {},
    });
    scope.after(() => environment.stop());
    const url = await until(() => environment.baton.url(), { what: "Baton is started" });
    const { page, open } = await openTab(scope, url, { allows: /ERR_|Failed to load resource/ });
    await open("/");
    const steps = page.locator("section[aria-label='Get started with Baton'] ol > li");
    const isDone = (index: number): Promise<void> =>
      steps.nth(index).and(page.locator("[data-done='true']")).waitFor({ timeout: 20_000 });
    const act = (name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();
    await saveScreenshot(page, "first-minutes-begin");

    await act("Start an onboarding");
    await isDone(0);

    await act("Break the service and start an onboarding");
    await isDone(1);

    await act("Repair the product service");
    await page.getByRole("button", { name: "Kill Baton" }).and(page.locator(":enabled")).waitFor();
    await steps.nth(2).getByRole("link", { name: "View run" }).click();
    await page.getByRole("heading", { name: /^Failed at provision account/ }).waitFor();
    await page.keyboard.press("r");
    const sheet = page.getByRole("dialog");
    await sheet.getByText("1 output: create project").waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: /^Completed in/ }).waitFor();
    await page.getByRole("link", { name: "Home" }).click();
    await isDone(2);

    const killed = environment.baton.pid();
    await act("Kill Baton");
    await page.getByText(/Baton is not responding/).waitFor();
    await saveScreenshot(page, "server-gone");
    await isDone(3);
    assert.notEqual(environment.baton.pid(), killed);
    assert.throws(() => process.kill(killed, 0), { code: "ESRCH" });
    await page.getByRole("button", { name: "Live" }).waitFor();

    await act("Add a step");
    await isDone(4);
    await page.getByRole("heading", { name: /all done/ }).waitFor();
    await page.getByRole("link", { name: "Runs", exact: true }).click();
    for (const version of ["v1", "v2"]) await page.getByText(version, { exact: true }).first().waitFor();
  },
);
