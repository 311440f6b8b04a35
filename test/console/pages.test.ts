import assert from "node:assert/strict";
import { after } from "node:test";
import {
  assertAccessible,
  assertFits,
  browserTest,
  closeBrowser,
  openTab,
  saveScreenshot,
  settled,
} from "./browser.ts";
import { openWorld, populate, type World } from "./world.ts";

after(closeBrowser);

/** Every page with its path, in a world with runs of every kind and two versions of a workflow. */
async function screens(world: World): Promise<Readonly<Record<string, string>>> {
  const runs = await populate(world);
  world.edit((code) => code.replace('ctx.step("schedule kickoff"', 'ctx.step("plan kickoff"'));
  await world.post("/api/deployments");
  const id = (name: string): string => runs[name]?.id ?? "";
  const { items } = await world.get<{ items: { fingerprint: string; sample: string }[] }>("/api/dead-letters");
  const cause = items.find(({ sample }) => sample === id("other") || sample === id("failed"))?.fingerprint ?? "";
  const events = await world.get<{ items: { no: number; name: string }[] }>("/api/events");
  const eventNo = (name: string): number => events.items.find((event) => event.name === name)?.no ?? 0;
  const { id: bulk } = await world.post<{ id: string }>("/api/bulk", {
    verb: "redrive",
    filter: { fingerprint: cause },
    canary: [1],
    reason: "the bank is back",
  });
  return {
    home: "/",
    runs: "/runs",
    "runs-failed": "/runs?q=status%3Afailed",
    run: `/runs/${id("failed")}`,
    "run-attempts": `/runs/${id("other")}?step=provision+account&tab=attempts`,
    "run-graph": `/runs/${id("failed")}?view=graph`,
    "run-history": `/runs/${id("failed")}?view=events`,
    "run-waiting": `/runs/${id("waiting")}`,
    "run-retrying": `/runs/${id("retrying")}`,
    "run-completed": `/runs/${id("completed")}`,
    "run-compensated": `/runs/${id("compensated")}`,
    "dead-letters": "/dead-letters",
    error: `/errors/${encodeURIComponent(cause)}`,
    bulks: "/bulk",
    bulk: `/bulk/${bulk}`,
    workflows: "/workflows",
    workflow: "/workflows/customer-onboarding",
    versions: "/workflows/customer-onboarding/versions?a=1&b=2",
    start: "/workflows/customer-onboarding/start",
    schedules: "/schedules",
    schedule: `/schedules/${encodeURIComponent("nightly-billing/nightly")}`,
    events: "/events",
    event: `/events/${eventNo("discount.decided")}`,
    key: `/k/${encodeURIComponent("deal:8841")}`,
    compare: `/compare?a=${id("failed")}&b=${id("completed")}`,
    workers: "/settings/workers",
    store: "/settings/store",
    audit: "/settings/audit",
    about: "/settings/about",
  };
}

browserTest(
  "every page passes axe in both themes, fits a phone and 200 % zoom, and uses no other origin",
  { timeout: 200_000 },
  async (scope) => {
    const world = await openWorld(scope);
    const all = Object.entries(await screens(world));
    const wrong: string[] = [];
    // Collected and reported together, so that they can be fixed in one go.
    const note = (what: Promise<void>): Promise<void> => what.catch((error: Error) => void wrong.push(error.message));
    for (const theme of ["light", "dark"] as const) {
      const { page, open } = await openTab(scope, world.url, { theme });
      for (const [name, path] of all) {
        await open(path);
        await settled(page);
        await note(assertAccessible(page, `${name}, ${theme}`));
        await saveScreenshot(page, `${name}-${theme}`);
        if (theme === "dark") continue;
        // 360 px is a phone, 720 a window of 1,440 at 200 %.
        for (const width of [720, 360]) {
          await page.setViewportSize({ width, height: 740 });
          await note(assertFits(page, `${name} at ${width}`));
        }
        await note(assertAccessible(page, `${name} at 360`, { skipsContrast: true }));
        await saveScreenshot(page, `${name}-narrow`);
        await page.setViewportSize({ width: 1_440, height: 900 });
      }
    }
    assert.deepEqual(wrong, []);
  },
);

browserTest(
  "every page has an empty state, and shows no matches, not found and no response",
  { timeout: 120_000 },
  async (scope) => {
    const world = await openWorld(scope);
    const { page, open } = await openTab(scope, world.url, { allows: /Failed to load resource|ERR_/ });
    const shows = async (path: string, text: RegExp): Promise<void> => {
      await open(path);
      await page.locator("main").getByText(text).first().waitFor();
      await assertAccessible(page, `${path}: ${text}`);
    };
    await shows("/", /No runs yet/);
    await shows("/runs", /No runs yet/);
    await shows("/dead-letters", /No dead letters/);
    await shows("/events", /No event/i);
    await world.run("nightly-billing", { count: 1 });
    await shows("/runs?q=name%3Anobody", /0 of 1 runs match/);
    for (const path of [
      "/runs/run_00000000",
      "/errors/none",
      "/bulk/none",
      "/workflows/none",
      "/schedules/none",
      "/events/999999",
      "/nowhere",
    ])
      await shows(path, /not found|no dead letters with this cause/i);
    await shows("/runs?from=garbage&to=never", /1 matches/);
    await page.route("**/api/events?*", (route) => route.abort());
    await shows("/events", /is not responding/);
    await page.unroute("**/api/events?*");
    await open("/runs");
    await page.locator('[role="row"][data-run]').first().waitFor();
    await page.route("**/api/runs/facets*", (route) =>
      route.fulfill({ status: 503, contentType: "application/problem+json", body: "{}" }),
    );
    await world.run("nightly-billing", { count: 1 });
    assert.ok(
      (await page.locator('[role="row"][data-run]').count()) >= 1,
      "loaded rows stay when a part cannot be refreshed",
    );
  },
);

browserTest("a read-only server shows everything and offers no actions", {}, async (scope) => {
  const world = await openWorld(scope);
  const failed = await world.run("failing", { message: "no" });
  await world.close();
  const readOnly = await openWorld(scope, { folder: world.folder, readOnly: true });
  const { page, open } = await openTab(scope, readOnly.url);
  await open(`/runs/${failed.id}`);
  await page.getByText("read-only").first().waitFor();
  assert.equal(await page.getByRole("button", { name: /Resume|Edit input|Restart|Complete|Cancel/ }).count(), 0);
  await page.keyboard.press("r");
  assert.equal(await page.getByRole("dialog").count(), 0);
  const refused = await fetch(`${readOnly.url}/api/runs/${failed.id}/resume`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  assert.equal(refused.status, 405);
});

browserTest("the address holds the state of a page: back and a copied link restore it", {}, async (scope) => {
  const world = await openWorld(scope);
  const failed = await world.run("customer-onboarding", { dealId: "1", company: "A", amount: 950, tier: "smb" });
  await world.run("nightly-billing", { count: 2 });
  const { page, open } = await openTab(scope, world.url);
  await open("/runs");
  await page.getByRole("button", { name: /Failed 1/ }).click();
  await page.waitForURL(/q=status%3Afailed/);
  await page.locator(`[data-run="${failed.id}"]`).waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(failed.id));
  await page.getByRole("heading", { name: /^Failed at/ }).waitFor();
  await page.keyboard.press("v");
  await page.waitForURL(/view=graph/);
  await page.getByRole("button", { name: /^provision account/ }).click();
  await page.waitForURL(/step=provision/);
  await page.getByRole("tab", { name: /Attempts/ }).click();
  await page.waitForURL(/tab=attempts/);
  const link = page.url();
  await page.goBack();
  await page.waitForURL(/\/runs\?q=status%3Afailed/);
  assert.equal(await page.locator('[role="row"][data-run]').count(), 1);
  await page.goto(link);
  await page.getByRole("tab", { name: /Attempts 3/, selected: true }).waitFor();
  await page.getByRole("button", { name: "Graph", pressed: true }).waitFor();
});
