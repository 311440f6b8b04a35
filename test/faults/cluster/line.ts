/**
 * What lies between one worker and the store. A partition loses no bytes, as TCP would not: it holds them, and a death on
 * one side is not seen on the other before it is over. Whether the connections outlive it is up to whoever ends it.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** What happens to the bytes on their way. */
export interface Passage {
  /** From the worker to the store. */
  readonly isThereHeld: boolean;
  /** From the store to the worker. */
  readonly isBackHeld: boolean;
  /** Each way, for each piece. */
  readonly delayMs: number;
  /** New connections are closed at once. */
  readonly refuses: boolean;
}

/** A line to the store that can be cut. */
export interface Line {
  readonly port: number;
  set(passage: Partial<Passage>): void;
  /** Ends all connections there are, as a router does that forgets them. */
  reset(): void;
  close(): Promise<void>;
}

const open: Passage = { isThereHeld: false, isBackHeld: false, delayMs: 0, refuses: false };

/** Opens a line to this port of this machine. */
export async function openLine(targetPort: number): Promise<Line> {
  const sockets = new Set<Socket>();
  let passage = open;
  let changed = Promise.withResolvers<void>();

  const whenOpen = async (direction: "isThereHeld" | "isBackHeld"): Promise<void> => {
    while (passage[direction]) await changed.promise;
  };
  const carry = (from: Socket, to: Socket, direction: "isThereHeld" | "isBackHeld"): void => {
    let tail: Promise<void> = Promise.resolve();
    const next = (work: () => void): void => {
      tail = tail.then(() => whenOpen(direction)).then(work);
    };
    from.on("data", (piece) => {
      from.pause();
      if (passage.delayMs > 0) tail = tail.then(() => delay(passage.delayMs));
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
    if (passage.refuses) return void client.destroy();
    client.pause();
    client.on("error", () => {});
    client.setNoDelay(true);
    sockets.add(client);
    void whenOpen("isThereHeld").then(() => {
      if (client.destroyed) return;
      const upstream = connect(targetPort, "127.0.0.1");
      upstream.setNoDelay(true);
      sockets.add(upstream);
      carry(client, upstream, "isThereHeld");
      carry(upstream, client, "isBackHeld");
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
      passage = { ...open, ...part };
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
