/**
 * The systems outside, as one server in the harness. It writes down every act that is asked of it, by whom and when, is
 * slow at times, fails before or after it has acted, and gives each attempt a receipt of its own: a recorded receipt tells
 * which attempt's result was recorded.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../random.ts";
import type { Act, ActRequest } from "./act.ts";

/** The world and what it has seen. */
export interface World {
  readonly url: string;
  readonly acts: readonly Act[];
  /** From now on it neither fails nor is it slow. */
  calm(): void;
  close(): Promise<void>;
}

/** Shares of a hundred. */
const failsBefore = 5;
const failsAfter = 4;
const isSlow = 15;
const isVerySlow = 3;

/** Opens the world on a port of its own. */
export async function openWorld(random: Random): Promise<World> {
  const acts: Act[] = [];
  let isCalm = false;

  const drawDelayMs = (): number => {
    const die = random.below(100);
    if (isCalm) return 1 + random.below(25);
    // Slow enough that most faults strike amid some act.
    if (die >= isVerySlow + isSlow) return 10 + random.below(140);
    return die < isVerySlow ? 1_000 + random.below(3_000) : 200 + random.below(600);
  };
  const perform = async (request: ActRequest, response: ServerResponse): Promise<void> => {
    const times = { startedAt: performance.now(), at: Date.now(), endedAt: null };
    const act: Act = { ...request, ...times, n: acts.length, receipt: null };
    acts.push(act);
    response.on("close", () => {
      act.endedAt ??= performance.now();
    });
    await delay(drawDelayMs());
    const die = isCalm ? 100 : random.below(100);
    if (response.destroyed) return;
    act.endedAt = performance.now();
    if (die < failsBefore) return void response.writeHead(503).end();
    if (die < failsBefore + failsAfter) return void response.destroy();
    act.receipt = `${act.idempotencyKey}#${act.n}`;
    response.end(JSON.stringify({ receipt: act.receipt }));
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    await perform(JSON.parse(await text(request)) as ActRequest, response);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    acts,
    calm: () => {
      isCalm = true;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
