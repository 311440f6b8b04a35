import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../../src/app/load-config.ts";
import { type RunningServer, startServer } from "../../src/app/server.ts";
import type { RunDetail } from "../../src/wire/run.ts";
import type { Scope } from "./browser.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const limitMs = 20_000;

/** A real Baton server with its own store and an editable copy of the shop workflows. */
export interface World {
  readonly server: RunningServer;
  /** Stops the server normally; it can be opened again on the same folder. */
  close(): Promise<void>;
  readonly url: string;
  readonly folder: string;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  /** Starts a run and waits until it has the given state; by default, until it has ended. */
  run(name: string, input: unknown, isReached?: (run: RunDetail) => boolean): Promise<RunDetail>;
  until(id: string, isReached: (run: RunDetail) => boolean): Promise<RunDetail>;
  edit(change: (code: string) => string): void;
}

export interface WorldOptions {
  readonly readOnly?: boolean;
  /** Folder of a closed world, to reopen its store. */
  readonly folder?: string;
  readonly port?: number;
}

export async function openWorld(test: Scope, options: WorldOptions = {}): Promise<World> {
  const folder = options.folder ?? makeFolder(test);
  const file = join(folder, "workflows", "shop.ts");
  const config = await loadConfig(
    {
      store: join(folder, "baton.db"),
      folder: join(folder, "workflows"),
      port: String(options.port ?? 0),
      withoutFile: true,
    },
    options.readOnly ? { BATON_READ_ONLY: "1" } : {},
  );
  const server = await startServer({ config });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await server.close();
    isOpen = false;
  };
  test.after(close);
  const { url } = server;
  const ask = async <T>(path: string, init: RequestInit = {}): Promise<T> => {
    const response = await fetch(url + path, init);
    const text = await response.text();
    assert.ok(response.ok, `${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
  const get = <T>(path: string): Promise<T> => ask<T>(path);
  const post = <T>(path: string, body: unknown = {}): Promise<T> =>
    ask<T>(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const until: World["until"] = async (id, isReached) => {
    const endsAt = performance.now() + limitMs;
    for (;;) {
      const run = await get<RunDetail>(`/api/runs/${id}`);
      if (isReached(run)) return run;
      assert.ok(performance.now() < endsAt, `run ${id} is still ${run.status}: ${run.reasonText}`);
      await delay(15);
    }
  };
  return {
    server,
    close,
    url,
    folder,
    get,
    post,
    until,
    run: async (name, input, isReached = (run) => run.endedAt !== null) => {
      const { id } = await post<RunDetail>("/api/runs", { name, input });
      return until(id, isReached);
    },
    edit: (change) => writeFileSync(file, change(readFileSync(file, "utf8"))),
  };
}

/** Inside the checkout, so that the workflows can import their packages. */
function makeFolder(test: Scope): string {
  const parent = join(root, ".baton");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "console-"));
  cpSync(join(import.meta.dirname, "workflows"), join(folder, "workflows"), { recursive: true });
  test.after(async () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Creates runs of every kind, events and a saved view. */
export async function populate(world: World): Promise<Readonly<Record<string, RunDetail>>> {
  const deal = (dealId: string, amount: number): unknown => ({ dealId, company: "Acme", amount, tier: "enterprise" });
  const isWaiting = (run: RunDetail): boolean => run.status === "waiting";
  const [completed, failed, other, waiting, retrying, compensated, billed] = await Promise.all([
    world.run("customer-onboarding", deal("8839", 120)),
    world.run("customer-onboarding", deal("8841", 1_200)),
    world.run("customer-onboarding", deal("8842", 2_400)),
    world.run("discount-approval", { deal: "8841" }, isWaiting),
    world.run("contact-sync", null, isWaiting),
    world.run("refund", { order: "90017" }),
    world.run("nightly-billing", { count: 12 }),
  ]);
  await world.post(`/api/runs/${failed.id}/notes`, { text: "Asked the customer for another card" });
  const suspended = await world.run("discount-approval", { deal: "77" }, isWaiting);
  await world.post(`/api/runs/${suspended.id}/suspend`, { reason: "waits for legal" });
  await world.post("/api/events", { name: "discount.decided", data: { deal: "none" }, id: "e-1", source: "crm" });
  await world.post("/api/events", { name: "parcel.lost", data: { parcel: 7 }, id: "e-2", source: "carrier" });
  await world.post("/api/events", { name: "deal.closed_won", data: deal("9001", 10), id: "e-3", source: "crm" });
  await world.post("/api/views", { name: "Declined cards", query: "q=status%3Afailed+name%3Acustomer-onboarding" });
  return { completed, failed, other, waiting, retrying, compensated, billed, suspended };
}
