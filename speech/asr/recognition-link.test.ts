/** The client against a process that misbehaves; no recogniser is needed for that. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodeTime } from "../../base/node-ports.js";
import type { Scheduler } from "../../base/ports.js";
import { createRecognitionClient, type RecognitionClient } from "./recognition-client.js";
import type { Grammar, RecognizerEvent, RecognizerStream } from "./recognizer.js";
import { encodeMessage, MessageReader, MessageType } from "./wire.js";

const grammar: Grammar = { language: "en-US", phrases: ["yes"] };
const failedWith = (code: string): object => ({ kind: "failed", error: { code } });

let directory: string;
const servers: Server[] = [];
const sockets = new Set<Socket>();
let client: RecognitionClient | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "voxtree-link-"));
});
afterEach(async () => {
  client?.close();
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
  await rm(directory, { recursive: true, force: true });
});

type Seen = { type: number; streamId: number };

/** A process that does with each message what `act` says. */
function serve(name: string, act: (socket: Socket, message: Seen) => void): Promise<string> {
  const path = join(directory, name);
  const server = createServer((socket) => {
    const reader = new MessageReader();
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes) => reader.read(bytes, (message) => act(socket, message)));
  });
  servers.push(server);
  return new Promise((resolve) => server.listen(path, () => resolve(path)));
}

async function connect(paths: readonly string[], scheduler?: Scheduler): Promise<void> {
  client = createRecognitionClient({ sockets: paths, scheduler: scheduler ?? nodeTime() });
  await client.ready();
}

function open(): { stream: RecognizerStream; last: Promise<RecognizerEvent> } {
  let settle: (event: RecognizerEvent) => void;
  const last = new Promise<RecognizerEvent>((resolve) => (settle = resolve));
  const stream = client!.open({ grammar, rateHz: 16_000 }, (event) => {
    if (event.kind !== "partial") settle(event);
  });
  return { stream, last };
}

const event = (streamId: number, value: unknown): Uint8Array =>
  encodeMessage(MessageType.event, streamId, value);
const busy = { kind: "failed", error: { code: "RECOGNITION_BUSY", message: "", detail: {} } };
const final = (text: string): unknown => ({ kind: "final", text, isRejected: false });

describe("the client", () => {
  test("says at once that there is no process, and finds it when it comes", async () => {
    const path = join(directory, "later");
    client = createRecognitionClient({ sockets: [path], scheduler: nodeTime() });
    expect(await open().last).toMatchObject(failedWith("RECOGNITION_UNAVAILABLE"));
    await serve("later", (socket, { type, streamId }) => {
      if (type === MessageType.finish) socket.write(event(streamId, final("yes")));
    });
    await client.ready();
    const { stream, last } = open();
    stream.finish();
    expect(await last).toEqual(final("yes"));
  });

  test("moves a stream to the next process when one is busy, with its audio", async () => {
    const heard: string[] = [];
    const first = await serve("a", (socket, { type, streamId }) => {
      if (type === MessageType.open) socket.write(event(streamId, busy));
    });
    const second = await serve("b", (socket, { type, streamId }) => {
      heard.push(String(type));
      if (type === MessageType.finish) socket.write(event(streamId, final("yes")));
    });
    await connect([first, second]);
    const { stream, last } = open();
    stream.write(new Int16Array(320));
    stream.write(new Int16Array(320));
    stream.finish();
    expect(await last).toEqual(final("yes"));
    expect(heard.join(" ")).toBe("1 2 2 3");
  });

  test("says busy only when every process is", async () => {
    const act = (socket: Socket, { type, streamId }: Seen): void => {
      if (type === MessageType.open) socket.write(event(streamId, busy));
    };
    await connect([await serve("a", act), await serve("b", act)]);
    expect(await open().last).toMatchObject(failedWith("RECOGNITION_BUSY"));
  });

  test("fails its streams when the connection is lost, and works again afterwards", async () => {
    let isFirst = true;
    const path = await serve("a", (socket, { type, streamId }) => {
      if (type === MessageType.audio && isFirst) {
        isFirst = false;
        socket.destroy();
      }
      if (type === MessageType.finish) socket.write(event(streamId, final("yes")));
    });
    await connect([path]);
    const [one, two] = [open(), open()];
    one.stream.write(new Int16Array(320));
    expect(await one.last).toMatchObject(failedWith("RECOGNITION_LOST"));
    expect(await two.last).toMatchObject(failedWith("RECOGNITION_LOST"));
    await client!.ready();
    const next = open();
    next.stream.finish();
    expect(await next.last).toEqual(final("yes"));
  });

  test("gives up a process that sends what nobody knows, and says why", async () => {
    for (const bytes of [encodeMessage(99, 0), Buffer.alloc(64, 0xff)]) {
      const path = await serve(`x${bytes.length}`, (socket, { type }) => {
        if (type === MessageType.open) socket.write(bytes);
      });
      await connect([path]);
      expect(await open().last).toMatchObject({
        error: { code: "RECOGNITION_LOST", cause: { code: "RECOGNITION_PROTOCOL" } },
      });
      client!.close();
    }
  });

  test("gives up a process that never answers", async () => {
    const path = await serve("a", () => undefined);
    const waits: number[] = [];
    const impatient: Scheduler = {
      ...nodeTime(),
      after(delayMs, run) {
        waits.push(delayMs);
        return nodeTime().after(delayMs === 5000 ? 0 : delayMs, run);
      },
    };
    await connect([path], impatient);
    const { stream, last } = open();
    stream.finish();
    expect(await last).toMatchObject(failedWith("RECOGNITION_LOST"));
    expect(waits).toContain(5000);
  });

  test("fails a stream instead of filling memory when the process does not read", async () => {
    const path = await serve("a", (socket, { type }) => {
      if (type === MessageType.open) socket.pause();
    });
    await connect([path]);
    const { stream, last } = open();
    let isOver = false;
    void last.then(() => (isOver = true));
    for (let count = 0; count < 10_000 && !isOver; count += 1) {
      stream.write(new Int16Array(320));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await last).toMatchObject(failedWith("RECOGNITION_OVERLOADED"));
  });

  test("tells nothing more after cancel, and closing loses what is open", async () => {
    const path = await serve("a", (socket, { type, streamId }) => {
      if (type === MessageType.open) socket.write(event(streamId, final("yes")));
    });
    await connect([path]);
    const cancelled = open();
    cancelled.stream.cancel();
    let isHeard = false;
    void cancelled.last.then(() => (isHeard = true));
    expect(await open().last).toEqual(final("yes"));
    expect(isHeard).toBe(false);

    const silent = await serve("b", () => undefined);
    client!.close();
    await connect([silent]);
    const { last } = open();
    client!.close();
    expect(await last).toMatchObject(failedWith("RECOGNITION_LOST"));
  });
});
