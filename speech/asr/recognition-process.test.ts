/** The whole way: pool, child process, socket, client, decoders; and what kills it. */
import { statSync } from "node:fs";
import { access } from "node:fs/promises";
import { createConnection, type Socket } from "node:net";
import { dirname } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { nodeTime } from "../../base/node-ports.js";
import {
  describeWithPocketSphinx,
  speak,
  throughTelephone,
} from "../../test/support/spoken-audio.js";
import { createRecognitionClient, type RecognitionClient } from "./recognition-client.js";
import {
  startRecognitionPool,
  type RecognitionPool,
  type RecognitionPoolEvent,
} from "./recognition-pool.js";
import type { Grammar, GrammarWarning, RecognizerEvent, RecognizerStream } from "./recognizer.js";
import { decodeValue, encodeMessage, MessageReader, MessageType } from "./wire.js";

const time = nodeTime();
const confirm: Grammar = { language: "en-US", phrases: ["yes please", "no thank you"] };
const failedWith = (code: string): object => ({ kind: "failed", error: { code } });

test("a pool without the model says what to install", async () => {
  await expect(startRecognitionPool({ time, modelDirectory: "/nowhere" })).rejects.toMatchObject({
    code: "RECOGNITION_UNAVAILABLE",
    detail: { install: "apt-get install libpocketsphinx3 pocketsphinx-en-us" },
  });
});

describeWithPocketSphinx("recognition processes", () => {
  let yes: Int16Array;
  let pool: RecognitionPool;
  const clients: RecognitionClient[] = [];
  let events: RecognitionPoolEvent[];
  let notify: (() => void) | undefined;

  beforeAll(async () => {
    yes = await speak("slt", "yes please");
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await pool.stop();
  });

  async function start(processes: number, decodersPerProcess: number): Promise<void> {
    events = [];
    const onEvent = (event: RecognitionPoolEvent): void => {
      events.push(event);
      notify?.();
    };
    pool = await startRecognitionPool({ time, processes, decodersPerProcess, onEvent });
  }

  async function connect(warn?: (warning: GrammarWarning) => void): Promise<RecognitionClient> {
    const options = { sockets: pool.sockets, scheduler: time };
    const client = createRecognitionClient({ ...options, ...(warn && { warn }) });
    clients.push(client);
    await client.ready();
    return client;
  }

  function open(
    client: RecognitionClient,
    rateHz = 16_000,
  ): { stream: RecognizerStream; first: Promise<RecognizerEvent>; last: Promise<RecognizerEvent> } {
    let settleFirst: (event: RecognizerEvent) => void;
    let settle: (event: RecognizerEvent) => void;
    const first = new Promise<RecognizerEvent>((resolve) => (settleFirst = resolve));
    const last = new Promise<RecognizerEvent>((resolve) => (settle = resolve));
    const stream = client.open({ grammar: confirm, rateHz }, (event) => {
      settleFirst(event);
      if (event.kind !== "partial") settle(event);
    });
    return { stream, first, last };
  }

  async function hearYes(client: RecognitionClient): Promise<void> {
    const { stream, last } = open(client);
    stream.write(yes);
    stream.finish();
    expect(await last).toEqual({ kind: "final", text: "yes please", isRejected: false });
  }

  async function poolEvent(kind: RecognitionPoolEvent["kind"], count = 1): Promise<void> {
    while (events.filter((event) => event.kind === kind).length < count) {
      await new Promise<void>((resolve) => (notify = resolve));
    }
  }

  /** A connection that speaks no protocol of its own accord. */
  async function rawConnection(): Promise<Socket> {
    const socket = createConnection(pool.sockets[0]!);
    await new Promise((resolve) => socket.once("connect", resolve));
    return socket;
  }

  test("hear several streams of several clients, at either rate", async () => {
    await start(1, 4);
    const [one, two] = [await connect(), await connect()];
    one.prepare([confirm]);
    const narrow = open(two, 8000);
    narrow.stream.write(throughTelephone(yes));
    narrow.stream.finish();
    await Promise.all([hearYes(one), hearYes(one), hearYes(two)]);
    expect(await narrow.last).toMatchObject({ text: "yes please" });
  });

  test("are reachable for this user only", async () => {
    await start(1, 1);
    expect(statSync(dirname(pool.sockets[0]!)).mode & 0o777).toBe(0o700);
  });

  test("killed in mid-utterance: the stream is lost, another process starts, all works again", async () => {
    await start(1, 2);
    const client = await connect();
    const { stream, first, last } = open(client);
    stream.write(yes.subarray(0, 12_000));
    await first;
    const [pid] = pool.processIds;
    process.kill(pid!, "SIGKILL");
    expect(await last).toMatchObject(failedWith("RECOGNITION_LOST"));
    await poolEvent("processReady", 2);
    expect(events).toContainEqual({
      kind: "processLost",
      index: 0,
      reason: "exit code null, signal SIGKILL",
      restartMs: 100,
    });
    await client.ready();
    await hearYes(client);
    expect(pool.processIds).not.toEqual([pid]);
  });

  test("with all decoders leased refuse, and serve again when one is free", async () => {
    await start(1, 1);
    const [one, two] = [await connect(), await connect()];
    const held = open(one);
    held.stream.write(yes);
    await held.first;
    expect(pool.leases).toEqual({ inUse: 1, total: 1 });
    expect(await open(two).last).toMatchObject(failedWith("RECOGNITION_BUSY"));
    held.stream.finish();
    expect(await held.last).toMatchObject({ text: "yes please" });
    await hearYes(two);
  });

  test("share the streams between two processes", async () => {
    await start(2, 1);
    const client = await connect();
    await Promise.all([hearYes(client), hearYes(client)]);
  });

  test("give the decoders of a client that vanished to others", async () => {
    await start(1, 1);
    const [one, two] = [await connect(), await connect()];
    const held = open(one);
    held.stream.write(yes);
    await held.first;
    one.close();
    let event: RecognizerEvent;
    do {
      const next = open(two);
      next.stream.write(yes);
      next.stream.finish();
      event = await next.last;
    } while (event.kind === "failed");
    expect(event).toMatchObject({ text: "yes please" });
  });

  test("answer malformed bytes with an error and close that connection; others go on", async () => {
    await start(1, 2);
    const client = await connect();
    const { stream, last, first } = open(client);
    stream.write(yes);
    await first;
    const openMessage = (payload: unknown): Uint8Array =>
      encodeMessage(MessageType.open, 1, payload);
    const malformed: readonly (readonly [Uint8Array, RegExp])[] = [
      [Buffer.from("GET / HTTP/1.1\r\nHost: here\r\n\r\n"), /payload of \d+ bytes, at most/],
      [encodeMessage(77, 1), /message type 77/],
      [encodeMessage(MessageType.event, 1, {}), /message type 17/],
      [encodeMessage(MessageType.open, 1), /not msgpack/],
      [openMessage(null), /must be a map/],
      [openMessage(["x"]), /rateHz/],
      [openMessage({ grammar: confirm, rateHz: "fast" }), /rateHz/],
      [encodeMessage(MessageType.open, 0, { grammar: confirm, rateHz: 8000 }), /stream 0/],
      [encodeMessage(MessageType.prepare, 0, 7), /must be a map/],
    ];
    for (const [bytes, expected] of malformed) {
      const socket = await rawConnection();
      const reader = new MessageReader();
      const refusals: unknown[] = [];
      socket.on("data", (data) =>
        reader.read(data, ({ type, payload }) => {
          if (type === MessageType.refused) refusals.push(decodeValue(payload));
        }),
      );
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.write(bytes);
      await closed;
      expect(refusals).toHaveLength(1);
      expect((refusals[0] as { message: string }).message).toMatch(expected);
    }
    stream.finish();
    expect(await last).toMatchObject({ text: "yes please" });
    expect(pool.processIds).toHaveLength(1);
    expect(events.filter((event) => event.kind === "processLost")).toEqual([]);
  });

  test("fail only the stream whose grammar is wrong", async () => {
    await start(1, 2);
    const client = await connect();
    const { stream, last, first } = open(client);
    stream.write(yes);
    await first;
    const wrong: readonly Grammar[] = [
      { language: "en", phrases: [], digits: { min: 0, max: 99 } },
      { language: "en", phrases: Array.from({ length: 1001 }, (_, index) => `room ${index}`) },
      { language: "en", phrases: Array.from({ length: 700 }, () => "x".repeat(2000)) },
      { language: "fr", phrases: ["oui"] },
    ];
    client.prepare(wrong);
    for (const grammar of wrong) {
      const event = await new Promise<RecognizerEvent>((resolve) => {
        client.open({ grammar, rateHz: 16_000 }, resolve);
      });
      expect(event).toMatchObject(failedWith("RECOGNITION_REFUSED"));
    }
    stream.finish();
    expect(await last).toMatchObject({ text: "yes please" });
  });

  test("close a client that never reads; others go on", async () => {
    await start(1, 2);
    const client = await connect();
    const socket = await rawConnection();
    socket.on("error", () => undefined);
    socket.pause();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    // Each of them is answered with a refusal of some hundred bytes.
    const french = { grammar: { language: "fr", phrases: [] }, rateHz: 16_000 };
    for (let id = 1; id <= 20_000 && !socket.destroyed; id += 1) {
      socket.write(encodeMessage(MessageType.open, id, french));
      if (id % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    // What was on its way is read now; the end of it is the end of the connection.
    socket.resume();
    await closed;
    await hearYes(client);
    expect(events.filter((event) => event.kind === "processLost")).toEqual([]);
  });

  test("report phrases they cannot listen for, to pool and client", async () => {
    await start(1, 1);
    const warnings: GrammarWarning[] = [];
    let settle: () => void;
    const warned = new Promise<void>((resolve) => (settle = resolve));
    const client = await connect((warning) => {
      warnings.push(warning);
      settle();
    });
    client.prepare([{ language: "en", phrases: ["Zyzzyx"] }]);
    await warned;
    await poolEvent("warning");
    expect(warnings).toMatchObject([{ code: "WORDS_UNKNOWN", words: ["zyzzyx"] }]);
  });

  test("end with the pool, and take their sockets with them", async () => {
    await start(2, 1);
    const pids = pool.processIds;
    const [socketPath] = pool.sockets;
    expect(pids).toHaveLength(2);
    await pool.stop();
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    await expect(access(dirname(socketPath!))).rejects.toThrow(/ENOENT/);
    await pool.stop();
  });
});
