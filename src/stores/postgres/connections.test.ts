import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { it } from "node:test";
import { Connections } from "./connections.ts";

/** One message of the server: its type letter, its length and its body. */
function message(letter: string, body: string): Buffer {
  const head = Buffer.alloc(5);
  head.write(letter);
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, Buffer.from(body, "latin1")]);
}

it("a server that disconnects during its greeting fails the call and does not end the process", async (test) => {
  const greeting = [
    message("R", "\0\0\0\0"),
    message("Z", "I"),
    message("E", "SFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0"),
  ];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(Buffer.concat(greeting)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const connections = new Connections(
    { url: `postgres://x@127.0.0.1:${port}/x`, schema: "x", hasHints: false },
    { max: 2 },
  );
  test.after(() => connections.close());
  await assert.rejects(connections.use((client) => client.query("select 1")));
});
