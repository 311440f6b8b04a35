/** The product service as the guide breaks and mends it: by the orders that it takes at `/control`. */
import { readSystemUrls } from "../systems/directory.ts";
import type { Control } from "../systems/misbehaviour.ts";

/** Whether it fails for every deal. */
export async function isBroken(): Promise<boolean> {
  const orders = await ask<readonly Control[]>("/control");
  return orders.some(({ only }) => only === undefined);
}

/** For every deal, until it is mended; it stays broken when it is started again. */
export function breakForAll(): Promise<unknown> {
  return order({ mode: "503", sticky: true });
}

export function mend(): Promise<unknown> {
  return order({ mode: "ok" });
}

/** Says of one deal that it is not available, and when to come again, until it is mended for that deal. */
export function turnAway(dealId: string, retryAfterSeconds: number): Promise<unknown> {
  return order({ mode: "503", only: dealId, retryAfterSeconds });
}

export function mendFor(dealId: string): Promise<unknown> {
  return order({ mode: "ok", only: dealId });
}

/** Makes the account and does not answer: what a crash of the caller in that moment looks like from here. */
export function keepAnswerOnce(dealId: string): Promise<unknown> {
  return order({ mode: "hang", only: dealId, count: 1, moment: "after" });
}

export async function hasAccount(dealId: string): Promise<boolean> {
  return (await ask<readonly unknown[]>(`/accounts?dealId=${encodeURIComponent(dealId)}`)).length > 0;
}

function order(control: Partial<Control>): Promise<unknown> {
  return ask("/control", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(control),
  });
}

/** It is on this machine. */
const LIMIT_MS = 2_000;

async function ask<Body>(path: string, request: RequestInit = {}): Promise<Body> {
  const url = `${readSystemUrls().provisioning}${path}`;
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(LIMIT_MS) }).catch((cause: unknown) => {
    throw new Error("the product service does not answer", { cause });
  });
  if (!response.ok) throw new Error(`the product service refused it: ${await response.text()}`);
  return (await response.json()) as Body;
}
