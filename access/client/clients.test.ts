import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { nodeTime } from "../../base/node-ports.js";
import { virtualTime } from "../../base/virtual-time.js";
import { emptyNativeHeader, encodeRecord } from "../../codecs/wire/native-v1.js";
import type { MediaProtocol, MediaSession, MediaSink } from "../protocols/media-protocol.js";
import { memoryLink } from "../protocols/memory-link.js";
import { nativeProtocol } from "../protocols/native-session.js";
import { twilioProtocol } from "../protocols/twilio-session.js";
import type { Listener } from "../transports/transport.js";
import { createLeanTransport } from "../transports/lean/lean-transport.js";
import { connectMediaClient, connectTwilioClient, type MediaClientListener } from "./index.js";

let listener: Listener | undefined;
afterEach(async () => {
  await listener?.close();
  listener = undefined;
});

const socket = (url: string, protocols: readonly string[]): WebSocket =>
  new WebSocket(url, [...protocols]);

/** A gateway in miniature: one protocol over the real transport. */
async function serve(
  protocol: MediaProtocol,
  sinkOf: (session: () => MediaSession) => Partial<MediaSink>,
): Promise<string> {
  listener = await createLeanTransport().listen({
    host: "127.0.0.1",
    port: 0,
    messageBytesMax: 65_536,
    bufferedBytesMax: 1_000_000,
    handshakeMsMax: 5000,
    idleMsMax: 20_000,
    time: nodeTime(),
    accept: ({ path, subprotocols }) => {
      if (path !== protocol.path) return { ok: false, status: 404, reason: "no such path" };
      const { subprotocol } = protocol;
      return subprotocol !== undefined && subprotocols.includes(subprotocol)
        ? { ok: true, subprotocol }
        : { ok: true };
    },
    connected: (connection) => {
      const session: MediaSession = protocol.open(
        (message) => connection.send(message),
        {
          started: ({ streamId }) => session.ready(streamId),
          frame: () => undefined,
          dtmf: () => undefined,
          markReached: () => undefined,
          ended: () => undefined,
          ...sinkOf(() => session),
        },
        (code, reason) => connection.close(code, reason),
        {
          query: connection.request.query,
          nowMs: () => performance.now(),
          after: (delayMs, run) => nodeTime().after(delayMs, run),
        },
      );
      connection.listen({
        message: (data) => session.receive(data),
        closed: (code) => session.closed(code),
      });
    },
  });
  return `ws://127.0.0.1:${listener.port}${protocol.path}`;
}

/** A promise of everything the client was told until its end. */
function untilClosed(more: MediaClientListener = {}): {
  told: Promise<string[]>;
  events: MediaClientListener;
} {
  const seen: string[] = [];
  let resolve!: (told: string[]) => void;
  const told = new Promise<string[]>((done) => (resolve = done));
  const events: MediaClientListener = {
    ready: (event) => {
      seen.push("ready");
      more.ready?.(event);
    },
    played: (frame) => {
      seen.push(`played ${frame.payload[0]}`);
      more.played?.(frame);
    },
    mark: (name) => void seen.push(`mark ${name}`),
    clear: () => void seen.push("clear"),
    hangup: (reason) => void seen.push(`hangup ${reason}`),
    error: ({ code }) => void seen.push(`error ${code}`),
    closed: (code) => {
      seen.push(`closed ${code}`);
      resolve(seen);
    },
  };
  return { told, events };
}

describe("a client over a real WebSocket", () => {
  /** The engine repeats a frame with a mark behind it, and hangs up when the mark comes back. */
  const repeating = (session: () => MediaSession): Partial<MediaSink> => ({
    frame: (streamId, payload) => {
      session().sendFrame(streamId, payload, 1);
      session().sendMark(streamId, "u1-end");
    },
    markReached: (streamId) => session().hangup(streamId, "done"),
  });

  it("talks native v1 from hello to the engine's hang-up", async () => {
    const url = await serve(nativeProtocol(), repeating);
    const { told, events } = untilClosed({
      ready: () => client.sendFrame(new Uint8Array(640).fill(7)),
    });
    const format = { codec: "l16", rateHz: 16000 } as const;
    const client = connectMediaClient({
      url,
      callId: "c",
      token: "t",
      format,
      socket,
      listener: events,
    });
    expect(await told).toEqual(["ready", "played 7", "mark u1-end", "hangup done", "closed 1000"]);
  });

  it("talks Twilio's protocol from connected to the engine's hang-up", async () => {
    const url = await serve(twilioProtocol(), repeating);
    const { told, events } = untilClosed();
    const client = connectTwilioClient({
      url,
      callId: "c",
      token: "t",
      socket,
      listener: {
        ...events,
        ready: (event) => {
          events.ready?.(event);
          client.sendFrame(new Uint8Array(160).fill(7));
        },
      },
    });
    expect(await told).toEqual([
      "ready",
      "played 7",
      "mark u1-end",
      "hangup closed",
      "closed 1000",
    ]);
  });

  it("says so when the engine refuses, and ends once", async () => {
    const url = await serve(nativeProtocol(), () => ({}));
    const { told, events } = untilClosed();
    connectTwilioClient({ url: `${url}/not`, callId: "c", token: "t", socket, listener: events });
    expect(await told).toEqual(["error CLIENT_CONNECTION", "closed 1006"]);
  });

  it("learns from the engine what it did wrong", async () => {
    const url = await serve(nativeProtocol({ limits: { streamsMax: 0 } }), () => ({}));
    const { told, events } = untilClosed();
    const format = { codec: "pcmu", rateHz: 8000 } as const;
    connectMediaClient({ url, callId: "c", token: "t", format, socket, listener: events });
    expect((await told)[0]).toMatch(/^error PROTOCOL_/);
  });

  it("may be hung up before it is connected", async () => {
    const url = await serve(nativeProtocol(), () => ({}));
    const { told, events } = untilClosed();
    const format = { codec: "pcmu", rateHz: 8000 } as const;
    const client = connectMediaClient({
      url,
      callId: "c",
      token: "t",
      format,
      socket,
      listener: events,
    });
    client.sendFrame(new Uint8Array(160));
    client.hangup();
    expect(await told).toEqual(["closed 1006"]);
  });
});

describe("the native client", () => {
  const silentSink: MediaSink = {
    started: () => undefined,
    frame: () => undefined,
    dtmf: () => undefined,
    markReached: () => undefined,
    ended: () => undefined,
  };

  /** A client in memory that can be sent any record. */
  function open() {
    const time = virtualTime();
    const { told, events } = untilClosed();
    let deliver!: (message: Uint8Array | string) => void;
    const protocol: MediaProtocol = {
      ...nativeProtocol(),
      open: (send, sink, close, peer) => {
        deliver = send;
        return nativeProtocol().open(send, sink, close, peer);
      },
    };
    const link = memoryLink(protocol, silentSink, time);
    const format = { codec: "pcmu", rateHz: 8000 } as const;
    connectMediaClient({
      url: "ws://memory",
      callId: "c",
      token: "t",
      format,
      socket: link.open,
      listener: events,
      time,
    });
    time.settle();
    const record = (fields: object, payload: Uint8Array = new Uint8Array(160)): void =>
      deliver(encodeRecord({ ...emptyNativeHeader(), streamId: 1, ...fields }, payload));
    return { time, told, link, record };
  }

  it("never plays audio that its own clear has overtaken on the way", async () => {
    const { time, told, link, record } = open();
    const audio = { type: 1, codecId: 1 };
    const value = (byte: number): Uint8Array => new Uint8Array(160).fill(byte);
    record({ ...audio, sequence: 0, utterance: 1 }, value(1));
    record({ type: 0x14, sequence: 1, utterance: 1 }, Uint8Array.of(0x80));
    record({ ...audio, sequence: 2, utterance: 1, mediaTime: 160 }, value(2));
    record({ ...audio, sequence: 3, utterance: 0, mediaTime: 320 }, value(3));
    record({ ...audio, sequence: 4, utterance: 2, mediaTime: 480 }, value(4));
    time.advance(200);
    link.cut();
    expect(await told).toEqual(["clear", "played 3", "played 4", "closed 1006"]);
  });

  it("refuses a broken record of the engine and says why it leaves", async () => {
    const { time, told, record } = open();
    record({ type: 1, codecId: 1, sequence: 7 });
    time.settle();
    expect(await told).toEqual(["error PROTOCOL_SEQUENCE", "closed 4002"]);
  });

  it("refuses what only a client may say", async () => {
    const { time, told, record } = open();
    record(
      { type: 0x15, sequence: 0 },
      Uint8Array.of(0x81, 0xa5, ...Buffer.from("digit"), 0xa1, 0x31),
    );
    time.settle();
    expect(await told).toEqual(["error PROTOCOL_ORDER", "closed 4002"]);
  });
});

describe("the client's modules", () => {
  it("reach nothing of Node, directly or through others", () => {
    const seen = new Map<string, readonly string[]>();
    const visit = (url: URL): void => {
      if (seen.has(url.href)) return;
      const source = readFileSync(url, "utf8");
      const imports = [...source.matchAll(/^(?:import|export)\s(?!type\s)[^;]*?from "([^"]+)";/gm)];
      const names = imports.map(([, name]) => name!);
      seen.set(url.href, names);
      expect(source, url.href).not.toMatch(/\bBuffer\.|\bprocess\./);
      for (const name of names.filter((name) => name.startsWith("."))) {
        visit(new URL(name.replace(/\.js$/, ".ts"), url));
      }
    };
    visit(new URL("./index.ts", import.meta.url));
    const packages = [...seen.values()].flat().filter((name) => !name.startsWith("."));
    expect(new Set(packages)).toEqual(new Set(["@msgpack/msgpack"]));
    expect(seen.size).toBeGreaterThan(10);
  });
});
