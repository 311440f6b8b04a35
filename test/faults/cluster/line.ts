/**
 * A proxy between one worker and the store. A partition loses no bytes, as with TCP: it holds them, and neither side
 * notices that the other has exited before the partition is over. Whether the connections survive is up to the caller
 * that ends it.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** What happens to the bytes in transit. */
export interface LineState {
  /** From the worker to the store. */
  readonly isRequestHeld: boolean;
  /** From the store to the worker. */
  readonly isResponseHeld: boolean;
  /** In each direction, for each chunk. */
  readonly delayMs: number;
  /** New connections are closed at once. */
  readonly refuses: boolean;
}

/** A line to the store that can be cut. */
export interface Line {
  readonly port: number;
  set(state: Partial<LineState>): void;
  /** Ends all connections, like a router that forgets them. */
  reset(): void;
  close(): Promise<void>;
}

const open: LineState = { isRequestHeld: false, isResponseHeld: false, delayMs: 0, refuses: false };

/** Opens a line to this port on this machine. */
export async function openLine(targetPort: number): Promise<Line> {
  const sockets = new Set<Socket>();
  let state = open;
  let changed = Promise.withResolvers<void>();

  const whenOpen = async (direction: "isRequestHeld" | "isResponseHeld"): Promise<void> => {
    while (state[direction]) await changed.promise;
  };
  const carry = (from: Socket, to: Socket, direction: "isRequestHeld" | "isResponseHeld"): void => {
    let tail: Promise<void> = Promise.resolve();
    const next = (work: () => void): void => {
      tail = tail.then(() => whenOpen(direction)).then(work);
    };
    from.on("data", (piece) => {
      from.pause();
      if (state.delayMs > 0) tail = tail.then(() => delay(state.delayMs));
      next(() => void to.write(piece, () => from.resume()));
    });
    from.on("end", () => next(() => void to.end()));
    from.on("close", () => {
      sockets.delete(from);
      next(() => void to.destroy());
    });
    from.on("error", () => {});
  };
  const server = createServer((client) => {
    if (state.refuses) return void client.destroy();
    client.pause();
    client.on("error", () => {});
    client.setNoDelay(true);
    sockets.add(client);
    void whenOpen("isRequestHeld").then(() => {
      if (client.destroyed) return;
      const upstream = connect(targetPort, "127.0.0.1");
      upstream.setNoDelay(true);
      sockets.add(upstream);
      carry(client, upstream, "isRequestHeld");
      carry(upstream, client, "isResponseHeld");
      client.resume();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const reset = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    port: (server.address() as AddressInfo).port,
    set: (part) => {
      state = { ...open, ...part };
      changed.resolve();
      changed = Promise.withResolvers();
    },
    reset,
    close: async () => {
      server.close();
      reset();
    },
  };
}
