import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openBaton, workflow } from "baton";
import { type Browser, type CDPSession, chromium, type Page } from "playwright-core";
import { chromiumPath } from "../test/console/chromium.ts";
import { median, percentile, type Row, round } from "./measure.ts";
import type { Workload } from "./workloads.ts";

/**
 * The console on a large store, in a real browser on the server's machine: how smoothly the list scrolls, how fast a
 * long run is shown, and what a busy list costs. The floor for scrolling is an empty page in the same browser.
 */
const runCount = 100_000;
const stepCount = 10_000;
const startsPerSecond = 1_000;
const busyMs = 9_000;

const source = `import { workflow } from "baton";
export const tick = workflow({ name: "tick" }, (ctx, input) => ctx.step("tick", () => input));
export const long = workflow({ name: "long" }, async (ctx, count) => {
  for (let i = 0; i < count; i++) await ctx.step("tick", () => i);
});
export const pump = workflow({ name: "pump" }, async (ctx, { perSecond, seconds }) => {
  const from = ctx.now();
  for (let n = 0; n < seconds * 10; n++) {
    await Promise.all(Array.from({ length: perSecond / 10 }, (_, i) => ctx.start(tick, i)));
    const early = from + (n + 1) * 100 - ctx.now();
    if (early > 0) await ctx.sleep("rest", early);
  }
});
`;

export const consoleBench: Workload = async ({ folder, rounds }) => {
  if (!existsSync(chromiumPath)) throw new Error(`Chromium not found at ${chromiumPath}: set CHROMIUM_PATH`);
  const rows: Row[] = [];
  const row = (name: string, value: number, unit: string, floor: number | null, note: string): void =>
    void rows.push({
      workload: name,
      store: "sqlite",
      value: round(value),
      unit,
      floor: floor === null ? null : round(floor),
      ratio: floor === null ? null : round(value / floor),
      cpuMsPerStep: null,
      note,
    });
  const long = await fill(join(folder, "console.db"));
  const server = await serve(folder);
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  try {
    const page = await (await browser.newContext({ viewport: { width: 1_440, height: 900 } })).newPage();
    await measureScroll(page, server.url, rounds, row);
    await measureLong(page, server.url, long, rounds, row);
    await measureBusy(browser, page, server, row);
  } finally {
    await browser.close();
    server.child.kill("SIGTERM");
    await server.ended;
  }
  return rows;
};

type AddRow = (name: string, value: number, unit: string, floor: number | null, note: string) => void;

/** Fills a store with many runs and one long run. Returns the id of the long run. */
async function fill(file: string): Promise<string> {
  const tick = workflow({ name: "tick" }, (ctx, input: number) => ctx.step("tick", () => input));
  const long = workflow({ name: "long" }, async (ctx, count: number) => {
    for (let i = 0; i < count; i++) await ctx.step("tick", () => i);
  });
  const baton = await openBaton({ store: `sqlite:${file}`, definitions: [tick, long] });
  const batch = 2_000;
  for (let n = 0; n < runCount - 1; n += batch) {
    const inputs = Array.from({ length: Math.min(batch, runCount - 1 - n) }, (_, i) => ({ input: n + i }));
    const handles = await baton.startMany(tick, inputs);
    await Promise.all(handles.map((handle) => handle.result()));
  }
  const handle = await baton.start(long, stepCount);
  await handle.result();
  await baton.close();
  return handle.id;
}

interface ServerProcess {
  readonly url: string;
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
}

async function serve(folder: string): Promise<ServerProcess> {
  mkdirSync(join(folder, "workflows"), { recursive: true });
  writeFileSync(join(folder, "workflows", "tick.ts"), source);
  const store = join(folder, "console.db");
  const args = ["--conditions=source", resolve("bin/baton.js"), "start", "--store", `sqlite:${store}`];
  const env = { ...process.env, BATON_PORT: "0" };
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ["ignore", "ignore", "inherit"] });
  for (;;) {
    if (child.exitCode !== null) throw new Error("the server exited before it accepted requests");
    const owner = existsSync(`${store}.owner.json`) ? readFileSync(`${store}.owner.json`, "utf8") : "";
    const url = /"url":\s*"([^"]+)"/.exec(owner)?.[1];
    if (url !== undefined && owner.includes(String(child.pid))) return { url, child, ended: once(child, "exit") };
    await delay(20);
  }
}

/** Times between frames in ms, while `move` is run in each frame. */
async function frames(page: Page, move: string, count: number): Promise<readonly number[]> {
  return (await page.evaluate(`new Promise((done) => {
    const times = []; let before = performance.now();
    const frame = (now) => {
      times.push(now - before); before = now;
      if (times.length >= ${count}) return done(times.slice(1));
      ${move};
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  })`)) as number[];
}

async function measureScroll(page: Page, url: string, rounds: number, addRow: AddRow): Promise<void> {
  const scroll: number[] = [];
  const bare: number[] = [];
  let counted = "";
  for (let i = 0; i < rounds; i++) {
    await page.goto("about:blank");
    bare.push(percentile(await frames(page, "", 120), 0.95));
    const begun = performance.now();
    await page.goto(`${url}/runs`);
    await page.locator('[role="row"][data-run]').first().waitFor();
    if (i === 0) addRow("console: list", performance.now() - begun, "ms", null, `first rows of ${runCount}, cold`);
    const times = await frames(page, `document.querySelector('[aria-label="Rows of runs"]').scrollBy(0, 340)`, 400);
    scroll.push(percentile(times, 0.95));
    counted = (await page.locator("main header").first().textContent()) ?? "";
  }
  const count = /([\d,]+) match/.exec(counted)?.[1] ?? "?";
  addRow(
    "console: scroll",
    median(scroll),
    "ms",
    median(bare),
    `p95 between frames over 4,000 rows; the page shows a count of ${count}`,
  );
}

async function measureLong(page: Page, url: string, id: string, rounds: number, addRow: AddRow): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    await page.goto("about:blank");
    const begun = performance.now();
    await page.goto(`${url}/runs/${id}`);
    await page.getByRole("button", { name: "tick" }).first().waitFor();
    times.push(performance.now() - begun);
  }
  addRow("console: long run", median(times), "ms", null, `until the steps of a run with ${stepCount} steps are shown`);
}

async function measureBusy(browser: Browser, page: Page, { url }: ServerProcess, addRow: AddRow): Promise<void> {
  await page.goto(`${url}/runs`);
  const rows = page.locator('[role="row"][data-run]');
  await rows.nth(3).hover();
  const other = await page.context().newPage();
  await other.goto(`${url}/runs`);
  await other.locator('[role="row"][data-run]').first().waitFor();
  await page.bringToFront();
  await delay(1_500);
  const requests: string[] = [];
  page.on("request", (request) => void requests.push(request.url()));
  await delay(5_000);
  addRow("console: idle", requests.length, "requests", null, "from an idle page in 5 s");
  const listeners = /^baton_stream_listeners (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1];
  addRow("console: streams", Number(listeners), "streams", null, "for two tabs");

  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const ids = (): Promise<(string | null)[]> =>
    rows.evaluateAll((all) => all.map((each) => each.getAttribute("data-run")));
  const before = await ids();
  const [busyBefore, cpuBefore] = [await taskSeconds(session), browserCpuSeconds(browser)];
  const begun = performance.now();
  const started = await startRuns(url);
  const seconds = (performance.now() - begun) / 1000;
  const busy = ((await taskSeconds(session)) - busyBefore) / seconds;
  const jumped = (await ids()).filter((id, i) => id !== before[i]).length;
  addRow(
    "console: busy list",
    busy * 100,
    "%",
    null,
    `of a core in the page's thread, at ${round(started / seconds)} starts/s`,
  );
  const cpu = await cpuBefore;
  if (cpu !== null)
    addRow(
      "console: browser",
      (((await browserCpuSeconds(browser)) ?? cpu) - cpu) * (100 / seconds),
      "%",
      null,
      "of a core in all processes of the browser, in the same time",
    );
  addRow("console: jumps", jumped, "rows", null, "that moved while the cursor was over the list");
}

async function taskSeconds(session: CDPSession): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  return metrics.find((metric) => metric.name === "TaskDuration")?.value ?? Number.NaN;
}

/** CPU time of all processes of the browser; null if it is unavailable. */
async function browserCpuSeconds(browser: Browser): Promise<number | null> {
  const session = await browser.newBrowserCDPSession();
  try {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    return processInfo.reduce((sum, each) => sum + each.cpuTime, 0);
  } catch {
    return null;
  } finally {
    await session.detach();
  }
}

/** Starts runs at a fixed rate from a workflow in the server. Returns how many were started. */
async function startRuns(url: string): Promise<number> {
  const request = async (path: string, body?: unknown): Promise<{ id: string; status: string; count: number }> => {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const response = await fetch(url + path, body === undefined ? {} : init);
    return (await response.json()) as { id: string; status: string; count: number };
  };
  const { count: before } = await request("/api/runs/count");
  const { id } = await request("/api/runs", {
    name: "pump",
    input: { perSecond: startsPerSecond, seconds: busyMs / 1_000 },
  });
  for (;;) {
    await delay(250);
    const { status } = await request(`/api/runs/${id}/result`);
    if (status === "failed")
      throw new Error(
        `the run that starts the others failed: ${JSON.stringify(await request(`/api/runs/${id}/result`))}`,
      );
    if (status === "completed") return (await request("/api/runs/count")).count - before;
  }
}
