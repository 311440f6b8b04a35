/** Breaks and repairs the product service for the guide, with requests to its `/control`. */
import { readSystemUrls } from "../systems/directory.ts";
import type { Control } from "../systems/faults.ts";

/** Whether it fails for every deal. */
export async function isBroken(): Promise<boolean> {
  const faults = await request<readonly Control[]>("/control");
  return faults.some(({ only }) => only === undefined);
}

/** Fails for every deal until it is repaired, also after a restart. */
export function breakForAll(): Promise<unknown> {
  return control({ mode: "503", sticky: true });
}

export function repair(): Promise<unknown> {
  return control({ mode: "ok" });
}

/** Returns 503 with Retry-After for one deal, until it is repaired for that deal. */
export function delay(dealId: string, retryAfterSeconds: number): Promise<unknown> {
  return control({ mode: "503", only: dealId, retryAfterSeconds });
}

export function repairFor(dealId: string): Promise<unknown> {
  return control({ mode: "ok", only: dealId });
}

/** Creates the account but does not answer, so that the caller can be killed before it has the response. */
export function withholdAnswerOnce(dealId: string): Promise<unknown> {
  return control({ mode: "hang", only: dealId, count: 1, when: "after" });
}

export async function hasAccount(dealId: string): Promise<boolean> {
  return (await request<readonly unknown[]>(`/accounts?dealId=${encodeURIComponent(dealId)}`)).length > 0;
}

function control(body: Partial<Control>): Promise<unknown> {
  return request("/control", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** Enough for a server on this machine. */
const LIMIT_MS = 2_000;

async function request<Body>(path: string, init: RequestInit = {}): Promise<Body> {
  const url = `${readSystemUrls().provisioning}${path}`;
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(LIMIT_MS) }).catch((cause: unknown) => {
    throw new Error("the product service is not reachable", { cause });
  });
  if (!response.ok) throw new Error(`the product service refused the request: ${await response.text()}`);
  return (await response.json()) as Body;
}
