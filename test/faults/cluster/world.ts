/**
 * The external systems, as one server in the harness. It records every effect that is requested, by which process and
 * when, is sometimes slow, fails before or after the effect, and gives each attempt its own receipt: a recorded receipt
 * shows which attempt's result was recorded.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../random.ts";
import type { Effect, EffectRequest } from "./effect.ts";

/** The world and what it has seen. */
export interface World {
  readonly url: string;
  readonly effects: readonly Effect[];
  /** From now on it is fast and never fails. */
  calm(): void;
  close(): Promise<void>;
}

/** Percentages. */
const failsBefore = 5;
const failsAfter = 4;
const isSlow = 15;
const isVerySlow = 3;

/** Opens the world on its own port. */
export async function openWorld(random: Random): Promise<World> {
  const effects: Effect[] = [];
  let isCalm = false;

  const drawDelayMs = (): number => {
    const draw = random.below(100);
    if (isCalm) return 1 + random.below(25);
    // Slow enough that most faults hit during some effect.
    if (draw >= isVerySlow + isSlow) return 10 + random.below(140);
    return draw < isVerySlow ? 1_000 + random.below(3_000) : 200 + random.below(600);
  };
  const perform = async (request: EffectRequest, response: ServerResponse): Promise<void> => {
    const times = { startedAt: performance.now(), at: Date.now(), endedAt: null };
    const effect: Effect = { ...request, ...times, n: effects.length, receipt: null };
    effects.push(effect);
    response.on("close", () => {
      effect.endedAt ??= performance.now();
    });
    await delay(drawDelayMs());
    const draw = isCalm ? 100 : random.below(100);
    if (response.destroyed) return;
    effect.endedAt = performance.now();
    if (draw < failsBefore) return void response.writeHead(503).end();
    if (draw < failsBefore + failsAfter) return void response.destroy();
    effect.receipt = `${effect.idempotencyKey}#${effect.n}`;
    response.end(JSON.stringify({ receipt: effect.receipt }));
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    await perform(JSON.parse(await text(request)) as EffectRequest, response);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    effects,
    calm: () => {
      isCalm = true;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
