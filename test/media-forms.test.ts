import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { connectCarrierClient } from "../access/client/carrier-client.js";
import { telnyxDialectIn } from "../access/client/carrier-dialects.js";
import { connectMediaClient, type MediaClient } from "../access/client/index.js";
import type {
  MediaClientListener,
  OpenSocket,
  PlayedFrame,
} from "../access/client/media-client.js";
import type { NativeCallOptions } from "../access/client/native-call.js";
import { plainAttempt } from "../access/trunks/plain-attempt.js";
import type { Trunk } from "../access/trunks/trunk.js";
import { nodeThreadHost, nodeTime } from "../base/node-ports.js";
import { frameBytes } from "../codecs/audio/audio-codec.js";
import { openOpus } from "../codecs/audio/opus.js";
import { decodeWav } from "../codecs/audio/wav-reader.js";
import { defaultConfig } from "../config/default-config.js";
import type { CallView, EngineNode } from "../engine/engine-node.js";
import { createNode } from "../engine/node/node.js";
import { flowFile } from "./support/engine-rig.js";

/**
 * Whole calls by every form in which audio of 16 kHz may be sent and taken: the callee presses the
 * keys that it is asked for, and what it heard must be what was recorded.
 */
const time = nodeTime();
const format = { codec: "l16", rateHz: 16000 } as const;

type Place = { readonly mediaUrl: string; readonly callId: string; readonly token: string };
type Form = {
  readonly frameMs: number;
  /** What the call has of its line. */
  readonly media: CallView["media"];
  readonly connect: (place: Place, listener: MediaClientListener) => MediaClient;
};
const socket: OpenSocket = (url, protocols) => new WebSocket(url, [...protocols]);

const goodLine = { outBitsPerSecond: 20_000, inBitsPerSecond: 20_000, changes: 0 };

function native(more: Pick<NativeCallOptions, "frameMs" | "opus" | "packetMs">): Form {
  return {
    frameMs: more.frameMs ?? 20,
    media: more.opus === undefined ? undefined : { opus: goodLine },
    connect: ({ mediaUrl, ...call }, listener) =>
      connectMediaClient({
        ...{ ...more, ...call, listener, format, socket, time },
        url: `${mediaUrl}/media/native/v1`,
      }),
  };
}

const inOrder = { early: 0, reordered: 0, late: 0, duplicated: 0, lost: 0 };
const telnyxInOpus: Form = {
  frameMs: 20,
  media: { order: { ...inOrder, delayMs: 100 } },
  connect: ({ mediaUrl, ...call }, listener) =>
    connectCarrierClient(
      { ...call, listener, socket, time, url: `${mediaUrl}/media/telnyx?codec=opus` },
      telnyxDialectIn("opus", openOpus),
    ),
};

const forms: Readonly<Record<string, Form>> = {
  "frames of 20 ms": native({}),
  "frames of 10 ms": native({ frameMs: 10 }),
  "frames of 10 ms in Opus": native({ frameMs: 10, opus: openOpus }),
  "Opus packets of 60 ms": native({ opus: openOpus, packetMs: 60 }),
  "Opus through Telnyx": telnyxInOpus,
};

type Callee = { readonly client: MediaClient; readonly played: PlayedFrame[] };
const callees = new Map<string, Callee>();

/** "Dials" a client of the form that is its number. */
const trunk: Trunk = {
  name: "forms",
  originate({ to, callId, token, mediaUrl }, listener) {
    const played: PlayedFrame[] = [];
    const keys = ["1", "2"];
    const ear: MediaClientListener = {
      ready: () => listener({ kind: "answered" }),
      played: (frame) => void played.push(frame),
      mark: () => {
        const key = keys.shift();
        if (key !== undefined) client.sendDtmf(key);
      },
      closed: () => listener({ kind: "ended", outcome: "answered", cause: "closed" }),
    };
    const client = forms[to]!.connect({ mediaUrl, callId, token }, ear);
    callees.set(to, { client, played });
    return plainAttempt(() => client.hangup(), "a client has nobody to be transferred to");
  },
  health: () => ({ isUp: true, attempts: 0 }),
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
};

let node: EngineNode;
let dataDir = "";
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "voxtree-forms-"));
  const config = defaultConfig({
    gateway: { port: 0 },
    storage: { dataDir, kekFile: join(dataDir, "kek") },
    threads: { shardCount: 2, jobWorkerCount: 1 },
    recognition: { isEnabled: false },
    trunks: [],
    flows: [flowFile("test/flows/two-keys.yaml")],
  });
  node = createNode(config, { time, threadHost: nodeThreadHost, trunks: [trunk] });
  await node.start();
  await node.promptsReady();
});
afterAll(async () => {
  for (const { client } of callees.values()) client.hangup();
  await node.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** How loud each tenth of a second of it is. */
function loudness(samples: Int16Array): number[] {
  const step = format.rateHz / 10;
  return Array.from({ length: Math.floor(samples.length / step) }, (_, index) => {
    const part = samples.subarray(index * step, (index + 1) * step);
    return Math.sqrt(part.reduce((sum, one) => sum + one * one, 0) / step);
  });
}

/** What a callee heard, in a row, without the silence between. */
function heardSamples(played: readonly PlayedFrame[]): Int16Array {
  const bytes = Buffer.concat(played.map(({ payload }) => payload));
  return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
}

const sum = (all: readonly number[]): number => all.reduce((one, other) => one + other, 0);

test.concurrent.each(Object.keys(forms))("a call in %s", async (to) => {
  const variables = { name: "Anna Miller" };
  const request = { userId: "person", flow: "two-keys", trunk: "forms", variables, to };
  const { callId } = await node.startCall(request);
  const { outcome, transcript, media } = await node.callEnded(callId);
  expect(media).toEqual(forms[to]!.media);
  expect(outcome).toBe("completed");
  expect(transcript.map(({ text }) => text)).toEqual([
    "Press one, Anna Miller.",
    "Press two.",
    "Goodbye.",
  ]);
  const { client, played } = callees.get(to)!;
  expect(client.frameMs).toBe(forms[to]!.frameMs);
  expect(client.frameBytes).toBe(frameBytes(format, client.frameMs));
  expect(new Set(played.map(({ durationMs }) => durationMs))).toEqual(new Set([client.frameMs]));
  const { samples } = decodeWav((await node.readRecording(callId))!);
  const agent = samples.filter((_, index) => index % 2 === 1);
  const [said, recorded] = [loudness(heardSamples(played)), loudness(agent)];
  expect(sum(recorded) / sum(said)).toBeGreaterThan(0.9);
  expect(sum(recorded) / sum(said)).toBeLessThan(1.1);
});
