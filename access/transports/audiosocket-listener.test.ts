import { connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { nodeTime } from "../../base/node-ports.js";
import { audioSocketId, audioSocketKey } from "../../codecs/wire/audiosocket.js";
import { ProtocolError } from "../../codecs/wire/protocol-error.js";
import { listenForAudioSocket } from "./audiosocket-listener.js";
import type { Connection, ListenOptions, Listener } from "./transport.js";

const uuid = "40325ec2-5efd-4bd3-805f-53576e581d13";
let listener: Listener | undefined;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener?.close();
});

/** A listener that tells of packets and ends, and what became of them. */
async function listening(more: Partial<ListenOptions> = {}) {
  const told: unknown[][] = [];
  let wake: () => void = () => undefined;
  const tell = (...what: unknown[]): void => {
    told.push(what);
    wake();
  };
  const connections: Connection[] = [];
  listener = await listenForAudioSocket({
    host: "127.0.0.1",
    port: 0,
    messageBytesMax: 65_536,
    bufferedBytesMax: 65_536,
    handshakeMsMax: 1000,
    idleMsMax: 30_000,
    time: nodeTime(),
    accept: () => ({ ok: true }),
    connected: (connection) => {
      connections.push(connection);
      connection.listen({
        message: (packet) => tell("packet", new Uint8Array(packet as Uint8Array)),
        closed: (code) => tell("closed", code),
      });
    },
    ...more,
  });
  const { port } = listener;
  const dial = (): Socket => {
    const socket = connect(port, "127.0.0.1");
    sockets.push(socket);
    return socket;
  };
  const heard = async (count: number): Promise<unknown[][]> => {
    while (told.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return told;
  };
  return { dial, heard, connections };
}

it("hands on packets, sends what it is given, and tells a close as a hang-up", async () => {
  const { dial, heard, connections } = await listening();
  const socket = dial();
  socket.write(Buffer.concat([audioSocketId(uuid), audioSocketKey("5").subarray(0, 2)]));
  await heard(1);
  socket.write(audioSocketKey("5").subarray(2));
  expect(await heard(2)).toEqual([
    ["packet", audioSocketId(uuid)],
    ["packet", audioSocketKey("5")],
  ]);
  const answer = new Promise<Buffer>((resolve) => socket.once("data", resolve));
  connections[0]!.send(Uint8Array.of(0, 0, 0));
  expect([...(await answer)]).toEqual([0, 0, 0]);
  socket.end();
  expect((await heard(3))[2]).toEqual(["closed", 1000]);
  expect(listener!.connectionCount).toBe(0);
});

it("ends the connection of a peer that breaks the protocol, and no other", async () => {
  const connections: Connection[] = [];
  const { dial } = await listening({
    connected: (connection) => {
      connections.push(connection);
      const isFirst = connections.length === 1;
      connection.listen({
        message: () => {
          if (isFirst) throw new ProtocolError("PROTOCOL_TYPE", "no");
          connection.send(Uint8Array.of(0, 0, 0));
        },
        closed: () => undefined,
      });
    },
  });
  const broken = dial();
  const gone = new Promise<void>((resolve) => broken.once("close", () => resolve()));
  broken.write(audioSocketKey("1"));
  broken.resume();
  await gone;
  const other = dial();
  const answered = new Promise<Buffer>((resolve) => other.once("data", resolve));
  other.write(audioSocketKey("1"));
  expect((await answered).length).toBe(3);
});

it("drops a connection that is not accepted without a word", async () => {
  const { dial } = await listening({
    accept: () => ({ ok: false, status: 503, reason: "full" }),
  });
  const socket = dial();
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  expect(socket.bytesRead).toBe(0);
});

it("ends with every connection when it is closed", async () => {
  const { dial, heard } = await listening();
  const socket = dial();
  socket.write(audioSocketId(uuid));
  socket.resume();
  await heard(1);
  await listener!.close(1001, "bye");
  expect(await heard(2)).toContainEqual(["closed", 1001]);
});
