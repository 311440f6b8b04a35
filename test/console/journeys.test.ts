import assert from "node:assert/strict";
import { after } from "node:test";
import type { Page as WirePage } from "../../src/wire/page.ts";
import type { RunDetail, RunSummary } from "../../src/wire/run.ts";
import { browserTest, closeBrowser, openTab } from "./browser.ts";
import { openWorld } from "./world.ts";

after(closeBrowser);

const deal = (dealId: string, amount: number): unknown => ({ dealId, company: "Acme", amount, tier: "smb" });

browserTest(
  "a failed run is opened, fixed with an edited input and completed with three keys from the list",
  {},
  async (test) => {
    const world = await openWorld(test);
    const failed = await world.run("customer-onboarding", deal("8841", 1_200));
    assert.equal(failed.status, "failed");
    const { page, open } = await openTab(test, world.url);
    await open("/runs");
    const row = page.locator(`[data-run="${failed.id}"]`);
    assert.match((await row.textContent()) ?? "", /charge card: card_declined: insufficient_funds/);

    await page.keyboard.press("Enter");
    const card = page.getByRole("region", { name: "Run state" });
    await card.waitFor();
    const text = (await card.textContent()) ?? "";
    assert.match(text, /Failed at charge card \(step 5\).*1 attempt, not retryable/);
    assert.match(text, /Kept: outputs of 4 steps/);
    await card.getByText("Not run:").waitFor();
    assert.match((await card.textContent()) ?? "", /Not run: .*schedule kickoff/);

    await page.keyboard.press("e");
    const sheet = page.getByRole("dialog");
    await sheet.getByText("Runs again").waitFor();
    assert.match((await sheet.textContent()) ?? "", /Kept4 outputs: create project, provision account/);
    const field = sheet.getByLabel("Run input (JSON)");
    await field.fill(JSON.stringify(deal("8841", 500)));
    await sheet.getByText("500").first().waitFor();

    await page.keyboard.press("Control+Enter");
    await page.getByRole("heading", { name: /^Completed in/ }).waitFor();
    const run = await world.until(failed.id, ({ status }) => status === "completed");
    assert.deepEqual([run.round, (run.output as { project: { id: string } }).project.id], [1, "P-8841"]);
    assert.equal(
      run.steps.find((step) => step.key === "create project")?.attempts.length,
      1,
      "completed steps are kept",
    );
  },
);

browserTest("the page of an active run updates by itself when the run ends", {}, async (test) => {
  const world = await openWorld(test);
  const waiting = await world.run("discount-approval", { deal: "1" }, ({ status }) => status === "waiting");
  const tab = await openTab(test, world.url);
  await tab.open(`/runs/${waiting.id}`);
  await tab.page.getByRole("heading", { name: "Waiting", exact: true }).waitFor();
  await tab.page.getByRole("button", { name: "Live" }).waitFor();
  await tab.page.getByRole("button", { name: /Send discount\.decided/ }).click();
  await tab.page.getByRole("button", { name: "Send", exact: true }).click();
  await tab.page.getByRole("heading", { name: /^Completed in/ }).waitFor();
});

browserTest("an idle page sends no requests, and two tabs share one stream", {}, async (test) => {
  const world = await openWorld(test);
  await world.run("nightly-billing", { count: 3 });
  const first = await openTab(test, world.url);
  await first.open("/runs");
  await first.page.getByRole("button", { name: "Live" }).waitFor();
  const second = await first.another("/runs");
  await second.page.getByRole("button", { name: "Live" }).waitFor();
  const streams = [...first.requests, ...second.requests].filter((each) => each.startsWith("GET /api/stream"));
  assert.equal(streams.length, 1, streams.join("\n"));
  assert.match(await (await fetch(`${world.url}/metrics`)).text(), /^baton_stream_listeners 1$/m);
  await first.page.waitForTimeout(800);
  const before = [first.requests.length, second.requests.length];
  await first.page.waitForTimeout(4_000);
  assert.deepEqual(
    [first.requests.length, second.requests.length],
    before,
    [...first.requests, ...second.requests].join("\n"),
  );

  // Both tabs show what one of them receives.
  await world.run("nightly-billing", { count: 1 });
  for (const { page } of [first, second]) await page.locator('[role="row"][data-run]').nth(1).waitFor();
  assert.match(await (await fetch(`${world.url}/metrics`)).text(), /^baton_stream_listeners 1$/m);
});

browserTest(
  "rows under the cursor do not move; new runs are counted above, and no row is duplicated",
  {},
  async (test) => {
    const world = await openWorld(test);
    for (let i = 0; i < 5; i++) await world.run("nightly-billing", { count: 1 });
    const { page, open } = await openTab(test, world.url);
    await open("/runs");
    const rows = page.locator('[role="row"][data-run]');
    const ids = (): Promise<(string | null)[]> =>
      rows.evaluateAll((all) => all.map((row) => row.getAttribute("data-run")));
    await rows.nth(4).waitFor();
    const before = await ids();
    await rows.nth(2).hover();
    for (let i = 0; i < 3; i++) await world.run("nightly-billing", { count: 1 });
    await page.getByRole("button", { name: /3 new runs/ }).waitFor();
    assert.deepEqual(await ids(), before);
    await page.getByRole("button", { name: /3 new runs/ }).click();
    await rows.nth(7).waitFor();
    const now = await ids();
    assert.deepEqual([now.length, new Set(now).size, now.slice(3)], [8, 8, before]);
  },
);

browserTest(
  "a page stays readable while the server is down and continues when it is back, without duplicate rows",
  {},
  async (test) => {
    const world = await openWorld(test);
    for (let i = 0; i < 2; i++) await world.run("nightly-billing", { count: 1 });
    // A run that has not ended makes the page refresh its visible rows.
    await world.run("discount-approval", { deal: "1" }, ({ status }) => status === "waiting");
    const { page, open } = await openTab(test, world.url, {
      allows: /ERR_CONNECTION|Failed to load resource|ERR_INCOMPLETE/,
    });
    await open("/runs");
    const rows = page.locator('[role="row"][data-run]');
    await rows.nth(2).waitFor();
    await page.getByRole("button", { name: "Live" }).waitFor();
    const { port } = world.server;
    await world.close();
    await page.getByText(/Baton is not responding/).waitFor();
    await page.getByRole("button", { name: /Reconnecting|Polling every 5 s/ }).waitFor();
    await page.getByRole("button", { name: /Polling every 5 s/ }).waitFor();
    await page.waitForTimeout(5_500);
    assert.equal(await rows.count(), 3, "loaded rows stay");
    const again = await openWorld(test, { folder: world.folder, port });
    assert.equal(again.server.port, port);
    await page.getByRole("button", { name: "Live" }).waitFor({ timeout: 15_000 });
    await again.run("nightly-billing", { count: 1 });
    await rows.nth(3).waitFor();
    const ids = await rows.evaluateAll((all) => all.map((row) => row.getAttribute("data-run")));
    assert.deepEqual([ids.length, new Set(ids).size], [4, 4]);
  },
);

browserTest(
  "hostile values are shown as text: no scripts, links or images, and the page stays responsive",
  {},
  async (test) => {
    const world = await openWorld(test);
    const deep: unknown = JSON.parse(`${'{"a":'.repeat(50)}1${"}".repeat(50)}`);
    const hostile = {
      script: "<script>document.title='owned'</script>",
      svg: "<svg onload=\"document.title='owned'\"><a xlink:href='javascript:alert(1)'>x</a></svg>",
      link: "javascript:alert(1)",
      ansi: "\u001b[31mred\u001b[0m\u0007",
      turned: "abc\u202egnp.exe",
      "<img src=x onerror=alert(1)>": "name",
      __proto__: { polluted: true },
      text: "9007199254740993",
      list: Array.from({ length: 500 }, (_, i) => i),
      deep,
    };
    const { page, open } = await openTab(test, world.url);
    const echoed = await world.run("echo", hostile);
    await open(`/runs/${echoed.id}?step=echo`);
    const drawer = page.getByRole("complementary");
    await drawer.getByText("<script>document.title='owned'</script>", { exact: false }).first().waitFor();
    assert.equal(await page.locator("main script, main img, main svg a, main a[href^='javascript']").count(), 0);
    const shown = (await page.locator("main").textContent()) ?? "";
    for (const character of ["\u001b", "\u0007", "\u202e"]) assert.ok(!shown.includes(character));
    await drawer.getByRole("tab", { name: /Logs/ }).click();
    await page.getByRole("button", { name: "History" }).click();
    await page.getByText("<b>bold</b>").first().waitFor();

    const message = `<img src=x onerror="document.title='owned'"> \u001b[2J\nsecond line`;
    const failed = await world.run("failing", { message, name: "<i>step</i>" });
    await open(`/runs/${failed.id}`);
    await page.getByRole("heading", { name: /Failed at <i>step<\/i>/ }).waitFor();
    await open("/runs");
    await page.getByText("<img src=x", { exact: false }).first().waitFor();

    const blown = await world.run("blow", { kib: 16 * 1024 - 1 });
    const begun = performance.now();
    await open(`/runs/${blown.id}`);
    await page.getByText("too large to display").first().waitFor();
    await page.getByText("<script>alert(1)</script>", { exact: false }).first().waitFor();
    assert.ok((await page.locator("main *").count()) < 1_500, "a value of 16 MiB is a few hundred elements");
    // The page responds to a key with the value loaded; if it hangs, the test times out here.
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    console.log(`a run with a value of 16 MiB opened in ${Math.round(performance.now() - begun)} ms`);
    assert.doesNotMatch(await page.title(), /owned/);
  },
);

browserTest(
  "a list of thousands of runs renders a few dozen rows and loads one page at a time",
  { timeout: 90_000 },
  async (test) => {
    const world = await openWorld(test);
    const start = Array.from({ length: 700 }, (_, i) =>
      world.post<RunDetail>("/api/runs", { name: "ticks", input: { count: 1 }, key: `n:${i}` }),
    );
    await Promise.all(start);
    const tab = await openTab(test, world.url);
    const { page } = tab;
    await tab.open("/runs");
    const rows = page.locator('[role="row"][data-run]');
    await rows.first().waitFor();
    const scroller = page.getByLabel("Rows of runs");
    for (let i = 0; i < 40; i++) {
      await scroller.evaluate((element) => element.scrollBy(0, 900));
      await page.waitForTimeout(16);
    }
    assert.ok((await scroller.evaluate((element) => element.scrollTop)) > 18_000);
    const pages = tab.requests.filter((each) => /^GET \/api\/runs\?limit=200/.test(each));
    assert.ok(pages.length >= 4 && pages.length <= 5, pages.join("\n"));
    assert.ok((await rows.count()) < 80, `${await rows.count()} rows are rendered`);
    const { items } = await world.get<WirePage<RunSummary>>("/api/runs?limit=1");
    assert.equal(items.length, 1);
  },
);

browserTest(
  "a run with thousands of steps loads its first block, and others when they are scrolled to",
  { timeout: 90_000 },
  async (test) => {
    const world = await openWorld(test);
    const run = await world.run("ticks", { count: 3_000 });
    const tab = await openTab(test, world.url);
    await tab.open(`/runs/${run.id}`);
    await tab.page.getByRole("button", { name: "tick", exact: false }).first().waitFor();
    const scroller = tab.page.getByLabel("Rows of steps");
    await scroller.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await tab.page
      .getByRole("button", { name: /^tick#?.*3000/ })
      .first()
      .waitFor();
    assert.ok(tab.requests.filter((each) => each.includes("/steps?")).length <= 3, tab.requests.join("\n"));
    assert.ok((await tab.page.locator("main *").count()) < 1_500);
  },
);
