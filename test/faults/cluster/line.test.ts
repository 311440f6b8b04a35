import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { it, type TestContext } from "node:test";
import { openLine } from "./line.ts";

/** A server that sends back what it gets, and a line to it. */
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

async function hear(socket: Socket): Promise<string> {
  const [piece] = (await once(socket, "data")) as [Buffer];
  return piece.toString();
}

it("passes bytes both ways, at once or after a delay", async (test) => {
  const { line, open } = await setup(test);
  const socket = await open();
  socket.write("one");
  assert.equal(await hear(socket), "one");
  line.set({ delayMs: 20 });
  socket.write("two");
  assert.equal(await hear(socket), "two");
});

for (const [way, passage] of [
  ["there", { isThereHeld: true }],
  ["back", { isBackHeld: true }],
] as const) {
  it(`holds what is on its way ${way} for as long as it is cut, and loses none of it`, async (test) => {
    const { line, open } = await setup(test);
    const [socket, beside] = [await open(), await open()];
    socket.write("a");
    assert.equal(await hear(socket), "a");
    line.set(passage);
    const heard: string[] = [];
    socket.on("data", (piece) => heard.push(piece.toString()));
    socket.write("b");
    beside.write("c");
    line.set({ ...passage, delayMs: 5 });
    assert.deepEqual(heard, []);
    const both = Promise.all([once(socket, "data"), once(beside, "data")]);
    line.set({});
    await both;
    assert.deepEqual(heard, ["b"]);
  });
}

it("ends connections when it is reset, and closes new ones while it refuses", async (test) => {
  const { line, open } = await setup(test);
  const socket = await open();
  socket.write("a");
  assert.equal(await hear(socket), "a");
  const closed = once(socket, "close");
  line.reset();
  await closed;
  line.set({ refuses: true });
  const refused = await open();
  await once(refused, "close");
});
