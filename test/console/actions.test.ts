import assert from "node:assert/strict";
import { after } from "node:test";
import type { Bulk } from "../../src/wire/bulk.ts";
import type { Page as WirePage } from "../../src/wire/page.ts";
import type { RunDetail, RunSummary } from "../../src/wire/run.ts";
import { browserTest, closeBrowser, openTab } from "./browser.ts";
import { openWorld } from "./world.ts";

after(closeBrowser);

const deal = (dealId: string, amount: number): unknown => ({ dealId, company: "Acme", amount, tier: "smb" });

browserTest(
  "every action previews what runs again and what is kept, and then does exactly that",
  { timeout: 90_000 },
  async (scope) => {
    const world = await openWorld(scope);
    const { page, open } = await openTab(scope, world.url);
    const sheet = page.getByRole("dialog");
    const dialogText = async (): Promise<string> => {
      await sheet.locator("dl").first().waitFor();
      return (await sheet.textContent()) ?? "";
    };
    const more = async (label: string): Promise<void> => {
      await page.getByText("More ▾").click();
      await page.getByRole("button", { name: label, exact: true }).click();
    };
    const submit = (name: RegExp): Promise<void> => sheet.getByRole("button", { name }).last().click();
    const isWaiting = (run: RunDetail): boolean => run.status === "waiting";

    const waiting = await world.run("discount-approval", { deal: "1" }, isWaiting);
    await open(`/runs/${waiting.id}`);
    await more("Suspend");
    assert.match(await dialogText(), /Halts the run until someone resumes it/);
    await submit(/^Suspend/);
    await page.getByRole("heading", { name: "Suspended", exact: true }).waitFor();
    await page.keyboard.press("r");
    assert.match(await dialogText(), /Kept.*compute discount/);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Waiting", exact: true }).waitFor();
    await more("Cancel run");
    await sheet.getByLabel("Undo completed steps first").check();
    await submit(/^Cancel/);
    await world.until(waiting.id, ({ status }) => status === "cancelled");

    const retrying = await world.run("contact-sync", null, isWaiting);
    await open(`/runs/${retrying.id}`);
    await page.getByRole("heading", { name: "Retrying", exact: true }).waitFor();
    await page.keyboard.press("r");
    assert.match(await dialogText(), /Starts the next attempt now/);
    await page.keyboard.press("Enter");
    await world.until(retrying.id, (run) => (run.steps[0]?.attempts.length ?? 0) === 2);

    const failed = await world.run("customer-onboarding", deal("1", 1_000));
    await open(`/runs/${failed.id}?step=charge%20card`);
    await page.getByRole("button", { name: "Complete charge card…" }).click();
    assert.match(await dialogText(), /Marks the step as completed with the output/);
    assert.ok(
      await sheet.getByRole("button", { name: "Complete charge card" }).last().isDisabled(),
      "a reason is required",
    );
    await sheet.getByLabel(/^Output/).fill('{"receipt":"by hand"}');
    await sheet.getByLabel("Reason").fill("paid by bank transfer");
    await page.keyboard.press("Control+Enter");
    const completed = await world.until(failed.id, ({ status }) => status === "completed");
    assert.deepEqual(completed.steps.find(({ key }) => key === "charge card")?.output, { receipt: "by hand" });
    await page.getByRole("heading", { name: /^Completed in/ }).waitFor();
    await page.getByRole("button", { name: "History" }).click();
    await page.getByText("paid by bank transfer").waitFor();

    await page.keyboard.press("r");
    assert.match(await dialogText(), /Starts a new run.*Runs again/s);
    await page.keyboard.press("Enter");
    await page.getByText(/rerun of/).waitFor();
    assert.notEqual(page.url().split("/").at(-1), failed.id, "the page of the new run is open");

    const undone = await world.run("customer-onboarding", deal("2", 1_000));
    await open(`/runs/${undone.id}`);
    await more("Compensate");
    assert.match(await dialogText(), /Undone.*provision account/);
    await submit(/^Compensate/);
    await world.until(undone.id, ({ reason }) => reason?.code === "compensated");

    const again = await world.run("customer-onboarding", deal("3", 1_000));
    await open(`/runs/${again.id}?step=provision%20account`);
    await page.getByRole("button", { name: "Restart from provision account" }).click();
    assert.match(await dialogText(), /Runs again.*provision account.*Kept1 output: create project/s);
    await page.keyboard.press("Enter");
    await world.until(again.id, ({ status, round }) => status === "failed" && round === 1);
    await open(`/runs/${again.id}`);
    await more("Dismiss");
    assert.match((await sheet.textContent()) ?? "", /Removes the run from the dead letters/);
    await submit(/^Dismiss/);
    await world.until(again.id, ({ reason }) => reason?.code === "dismissed");
  },
);

browserTest("a redrive with a canary runs one first, and stops when it fails again", {}, async (scope) => {
  const world = await openWorld(scope);
  for (const id of ["1", "2", "3", "4"]) await world.run("customer-onboarding", deal(id, 1_000));
  const { page, open } = await openTab(scope, world.url);
  await open("/dead-letters");
  await page.getByRole("button", { name: /^Redrive/ }).click();
  const sheet = page.getByRole("dialog");
  await sheet.getByText("4 matching runs").waitFor();
  assert.match((await sheet.textContent()) ?? "", /first 1, then 10; the rest only if none of those fails again/);
  assert.ok(
    await sheet.getByRole("button", { name: /^Redrive 4 runs/ }).isDisabled(),
    "a bulk operation requires a reason",
  );
  await sheet.getByLabel("Reason").fill("the bank is back");
  await page.keyboard.press("Control+Enter");
  await page.waitForURL(/\/bulk\//);
  await page
    .getByText(/failed again/)
    .first()
    .waitFor();
  const { items } = await world.get<WirePage<Bulk>>("/api/bulk");
  assert.deepEqual(
    [items[0]?.status, items[0]?.done, items[0]?.left, items[0]?.reason],
    ["stopped", 1, 3, "the bank is back"],
  );
  const { items: runs } = await world.get<WirePage<RunSummary>>("/api/runs");
  assert.equal(runs.filter(({ round }) => round > 0).length, 1, "the other runs are unchanged");
});

browserTest(
  "an action on selected rows is applied one by one, and runs that do not allow it are listed first",
  {},
  async (scope) => {
    const world = await openWorld(scope);
    const failed = await world.run("failing", { message: "no" });
    const completed = await world.run("nightly-billing", { count: 1 });
    const { page, open } = await openTab(scope, world.url);
    await open("/runs");
    for (const { id } of [failed, completed]) await page.locator(`[data-run="${id}"] input`).check();
    await page.getByLabel("Action").selectOption("dismiss");
    await page.getByRole("button", { name: "Dismiss 2 selected runs…" }).click();
    const sheet = page.getByRole("dialog");
    await sheet.getByText("Does not apply to").waitFor();
    await sheet.getByLabel("Reason").fill("test data");
    await page.keyboard.press("Control+Enter");
    await world.until(failed.id, ({ reason }) => reason?.code === "dismissed");
    await page.getByText("Dismiss: 1 run").waitFor();
  },
);
