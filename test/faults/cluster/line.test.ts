import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { it, type TestContext } from "node:test";
import { openLine } from "./line.ts";

/** An echo server and a line to it. */
async function setup(test: TestContext) {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const line = await openLine((server.address() as AddressInfo).port);
  const open = async (): Promise<Socket> => {
    const socket = connect(line.port, "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    test.after(() => socket.destroy());
    return socket;
  };
  test.after(async () => {
    await line.close();
    server.close();
  });
  return { line, open };
}

async function receive(socket: Socket): Promise<string> {
  const [piece] = (await once(socket, "data")) as [Buffer];
  return piece.toString();
}

it("passes bytes in both directions, at once or after a delay", async (test) => {
  const { line, open } = await setup(test);
  const socket = await open();
  socket.write("one");
  assert.equal(await receive(socket), "one");
  line.set({ delayMs: 20 });
  socket.write("two");
  assert.equal(await receive(socket), "two");
});

for (const [direction, state] of [
  ["to the store", { isRequestHeld: true }],
  ["to the worker", { isResponseHeld: true }],
] as const) {
  it(`holds bytes ${direction} while it is cut and loses none`, async (test) => {
    const { line, open } = await setup(test);
    const [socket, other] = [await open(), await open()];
    socket.write("a");
    assert.equal(await receive(socket), "a");
    line.set(state);
    const received: string[] = [];
    socket.on("data", (piece) => received.push(piece.toString()));
    socket.write("b");
    other.write("c");
    line.set({ ...state, delayMs: 5 });
    assert.deepEqual(received, []);
    const both = Promise.all([once(socket, "data"), once(other, "data")]);
    line.set({});
    await both;
    assert.deepEqual(received, ["b"]);
  });
}

it("ends connections when it is reset, and closes new ones while it refuses", async (test) => {
  const { line, open } = await setup(test);
  const socket = await open();
  socket.write("a");
  assert.equal(await receive(socket), "a");
  const closed = once(socket, "close");
  line.reset();
  await closed;
  line.set({ refuses: true });
  const refused = await open();
  await once(refused, "close");
});
