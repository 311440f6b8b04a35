import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import type { AxeResults } from "axe-core";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { chromiumPath } from "./chromium.ts";

/** A tab of a real browser that records its errors and API requests. */
export interface Tab {
  readonly page: Page;
  readonly context: BrowserContext;
  /** `GET /api/runs` and the like, in order. */
  readonly requests: string[];
  /** Opens a path of the console and waits for its heading. */
  open(path: string): Promise<void>;
  /** Another tab of the same browser. */
  another(path: string): Promise<Tab>;
}

/** Scope of one test: registers what to close at its end. */
export interface Scope {
  after(end: () => Promise<void>): void;
}

export interface TabOptions {
  readonly theme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
  /** Browser console errors that the test expects. */
  readonly allows?: RegExp;
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const isThere = existsSync(chromiumPath);
let shared: Promise<Browser> | null = null;

/** A test in a browser. Skipped with a message if there is no browser, but never in CI. */
export function browserTest(
  name: string,
  options: { readonly timeout?: number },
  work: (scope: Scope) => Promise<void>,
): void {
  const skip = !isThere && process.env["BATON_CI"] !== "1" ? `no Chromium at ${chromiumPath}` : false;
  void test(name, { timeout: 60_000, ...options, skip }, async () => {
    const ends: (() => Promise<void>)[] = [];
    try {
      await work({ after: (end) => void ends.push(end) });
    } catch (error) {
      for (const context of (await shared)?.contexts() ?? [])
        for (const page of context.pages())
          await saveScreenshot(page, `failed-${name.slice(0, 30).replaceAll(/\W+/g, "-")}`);
      throw error;
    } finally {
      await closeAll(ends);
    }
  });
}

/** Closes in reverse order, so that a tab is closed before its server. Runs all of them, even if one fails. */
async function closeAll(ends: readonly (() => Promise<void>)[]): Promise<void> {
  const wrong: unknown[] = [];
  for (const end of ends.toReversed()) await end().catch((error: unknown) => wrong.push(error));
  if (wrong.length > 0) throw wrong[0];
}

function launch(): Promise<Browser> {
  shared ??= chromium.launch({
    executablePath: chromiumPath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return shared;
}

/** To be called after all tests of a file. */
export async function closeBrowser(): Promise<void> {
  await (await shared)?.close();
  shared = null;
}

/** Opens a tab on a server. The test fails at its end if the tab had errors or sent requests to another origin. */
export async function openTab(test: Scope, url: string, options: TabOptions = {}): Promise<Tab> {
  const { theme = "light", width = 1_440, height = 900, allows = /^$/ } = options;
  const browser = await launch();
  const context = await browser.newContext({
    viewport: { width, height },
    reducedMotion: "reduce",
    acceptDownloads: true,
  });
  await context.addInitScript(`localStorage.setItem("baton.settings", '${JSON.stringify({ theme, zone: "UTC" })}')`);
  context.setDefaultTimeout(10_000);
  const wrong: string[] = [];
  const foreign: string[] = [];
  context.on("request", (request) => {
    const to = new URL(request.url());
    if (to.protocol.startsWith("http") && to.hostname !== "127.0.0.1" && to.hostname !== "localhost")
      foreign.push(request.url());
  });
  test.after(async () => {
    await context.close();
    assert.deepEqual(
      wrong.filter((each) => !allows.test(each)),
      [],
      "errors in the browser's console",
    );
    assert.deepEqual(foreign, [], "requests that left the origin");
  });
  const tabOf = async (): Promise<Tab> => {
    const page = await context.newPage();
    const requests: string[] = [];
    page.on("pageerror", (error) => wrong.push(`${error.name}: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error") wrong.push(message.text());
    });
    page.on("dialog", (dialog) => {
      wrong.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      const { pathname, search } = new URL(request.url());
      if (pathname.startsWith("/api/")) requests.push(`${request.method()} ${pathname}${search}`);
    });
    const open = async (path: string): Promise<void> => {
      await page.goto(url + path);
      await page.locator("main h1").first().waitFor();
    };
    const another = async (path: string): Promise<Tab> => {
      const tab = await tabOf();
      await tab.open(path);
      return tab;
    };
    return { page, context, requests, open, another };
  };
  return tabOf();
}

/** Waits until nothing on the page is loading. */
export async function settled(page: Page): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if ((await page.locator('[aria-busy="true"]').count()) === 0) return;
    await page.waitForTimeout(25);
  }
  assert.fail(`${page.url()} is still loading`);
}

/** Asserts that axe finds no violations on the current page. */
export async function assertAccessible(page: Page, what: string, { skipsContrast = false } = {}): Promise<void> {
  // Injected as a function body, because the page's content security policy allows no foreign scripts.
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(axeSource);
  // Colours have the same contrast at another width, and this check is by far the slowest.
  const rules = skipsContrast ? { rules: { "color-contrast": { enabled: false } } } : {};
  const options = { resultTypes: ["violations"], ...rules };
  const { violations } = (await page.evaluate(`axe.run(document, ${JSON.stringify(options)})`)) as AxeResults;
  assert.deepEqual(
    violations.map(
      ({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)} ${nodes[0]?.failureSummary?.slice(0, 300)}`,
    ),
    [],
    `axe on ${what}`,
  );
}

/** Asserts that the page does not scroll horizontally. */
export async function assertFits(page: Page, what: string): Promise<void> {
  const [width, windowWidth] = (await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")) as number[];
  assert.ok((width ?? 0) <= (windowWidth ?? 0), `${what} is ${width} px wide in a window of ${windowWidth}`);
}

/** Saves a screenshot if `BATON_SCREENSHOTS=<folder>` is set. */
export async function saveScreenshot(page: Page, name: string): Promise<void> {
  const folder = process.env["BATON_SCREENSHOTS"];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
