import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import type { AxeResults } from "axe-core";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { chromiumPath } from "./chromium.ts";

/** A tab of a real browser that remembers all that went wrong in it, and everything that it asked for. */
export interface Tab {
  readonly page: Page;
  readonly context: BrowserContext;
  /** `GET /api/runs` and the like, in order. */
  readonly asked: string[];
  /** Opens a path of the console and waits for its heading. */
  open(path: string): Promise<void>;
  /** Another tab of the same browser. */
  another(path: string): Promise<Tab>;
}

/** Of one test: what it opened is closed when it is over. */
export interface Scope {
  after(end: () => Promise<void>): void;
}

export interface TabOptions {
  readonly theme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
  /** Errors of the console that the test brings about. */
  readonly allows?: RegExp;
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const isThere = existsSync(chromiumPath);
let shared: Promise<Browser> | null = null;

/** A test in a browser; skipped aloud where there is none, and never where nothing may be skipped. */
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
          await keepPicture(page, `failed-${name.slice(0, 30).replaceAll(/\W+/g, "-")}`);
      throw error;
    } finally {
      await closeAll(ends);
    }
  });
}

/** The last first: a tab is closed before the server that it looks at. All of them, whatever one of them finds wrong. */
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

/** To be called once the tests of a file are over. */
export async function closeBrowser(): Promise<void> {
  await (await shared)?.close();
  shared = null;
}

/** Opens a tab on a server. When the test ends nothing may have gone wrong in it, and nothing may have left its origin. */
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
    const asked: string[] = [];
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
      if (pathname.startsWith("/api/")) asked.push(`${request.method()} ${pathname}${search}`);
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
    return { page, context, asked, open, another };
  };
  return tabOf();
}

/** Waits until nothing on the page says that it is being read. */
export async function settled(page: Page): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if ((await page.locator('[aria-busy="true"]').count()) === 0) return;
    await page.waitForTimeout(25);
  }
  assert.fail(`${page.url()} is still being read`);
}

/** What axe finds wrong with the page as it stands: nothing. */
export async function assertAccessible(page: Page, what: string, { skipsContrast = false } = {}): Promise<void> {
  // Injected as a function's body: the page's own policy allows no script from elsewhere.
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(axeSource);
  // The same colours in another width have the same contrast, and it is by far the dearest thing to look at.
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

/** No page is wider than its window: nobody scrolls sideways to read. */
export async function assertFits(page: Page, what: string): Promise<void> {
  const [width, room] = (await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")) as number[];
  assert.ok((width ?? 0) <= (room ?? 0), `${what} is ${width} px wide in a window of ${room}`);
}

/** `BATON_SCREENSHOTS=<folder>` keeps pictures of what the tests see. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env["BATON_SCREENSHOTS"];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
