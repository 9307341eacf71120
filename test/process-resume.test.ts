import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import {
  connectMediaClient,
  connectTwilioClient,
  type MediaClient,
  type MediaClientOptions,
  type SocketLike,
} from "../access/client/index.js";
import { nodeTime } from "../base/node-ports.js";
import { decodeWav } from "../codecs/audio/wav-reader.js";
import { flowFile } from "./support/engine-rig.js";
import { feed } from "./support/gateway-rig.js";
import {
  beginOutsideEngine,
  freePort,
  type Dialled,
  type OutsideEngine,
} from "./support/outside-engine.js";

const time = nodeTime();
const format = { codec: "pcmu", rateHz: 8000 } as const;
const frame = new Uint8Array(160).fill(0xff);
let folder = "";
let port = 0;
let engine: OutsideEngine;
const clients: MediaClient[] = [];
/** Whether the network lets anybody through. */
let isReachable = true;

const begin = (resumeGraceMs: number): OutsideEngine => {
  engine = beginOutsideEngine({
    gateway: { port, resumeGraceMs },
    storage: { dataDir: join(folder, "data"), kekFile: join(folder, "kek") },
    threads: { shardCount: 2, jobWorkerCount: 1 },
    recognition: { isEnabled: false },
    trunks: [],
    flows: [flowFile("test/flows/two-keys.yaml")],
  });
  return engine;
};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "voxtree-resume-"));
  port = await freePort();
});
afterAll(async () => {
  for (const client of clients) client.hangup();
  await engine.kill();
  rmSync(folder, { recursive: true, force: true });
});

const openSocket = (url: string, protocols: readonly string[]): SocketLike =>
  new WebSocket(isReachable ? url : "ws://127.0.0.1:9/", [...protocols]);

/** A native client, and everything it was told. */
function connect(dialled: Dialled, more: Partial<MediaClientOptions> = {}) {
  const { callId, token } = dialled;
  const told = feed<string>();
  const words: string[] = [];
  const note = (what: string, resume?: string): void => {
    if (resume !== undefined) words.push(resume);
    told.push(what);
  };
  const client = connectMediaClient({
    url: `ws://127.0.0.1:${port}/media/native/v1`,
    callId,
    token,
    format,
    socket: openSocket,
    time,
    ...more,
    listener: {
      ready: ({ isResumed, resume }) => note(isResumed ? "ready again" : "ready", resume),
      lost: () => note("lost"),
      resumed: ({ resume }) => note("resumed", resume),
      mark: () => note("heard"),
      hangup: () => note("hangup"),
      closed: (code) => note(`closed ${code}`),
    },
  });
  clients.push(client);
  return {
    client,
    told,
    words,
    has: (what: string, times = 1) => told.count(times, (one) => one === what),
  };
}

/** Speaks silence at the pace of speech, until it is told to stop. */
function speak(client: MediaClient): () => void {
  let timer = time.after(0, function next() {
    client.sendFrame(frame);
    timer = time.after(20, next);
  });
  return () => timer.cancel();
}

/** Bytes of the shortest recording, once there are so many. */
function recordedBytes(count: number): number {
  const names = readdirSync(join(folder, "data"), { recursive: true, encoding: "utf8" });
  const recordings = names.filter((name) => name.endsWith(".vxr"));
  const sizes = recordings.map((name) => statSync(join(folder, "data", name)).size);
  return sizes.length < count ? 0 : Math.min(...sizes);
}

const dial = (name: string): Promise<Dialled> =>
  engine.dial({ userId: `user of ${name}`, flow: "two-keys", variables: { name } });
const logsOf = (callId: string): string[] =>
  engine.logs.filter(({ fields }) => fields["callId"] === callId).map(({ message }) => message);

test("a call outlives its process when its client comes back, and only then", async () => {
  begin(60_000);
  await engine.ready();
  const [one, other, vendor] = [await dial("one"), await dial("other"), await dial("vendor")];
  const a = connect(one);
  const b = connect(other);
  const url = `ws://127.0.0.1:${port}/media/twilio`;
  const socket = openSocket;
  clients.push(connectTwilioClient({ ...vendor, url, socket, time, listener: {} }));
  const stop = speak(a.client);
  await a.has("heard");
  a.client.sendDtmf("1");
  await expect.poll(async () => (await engine.call(one.callId)).state).toBe("second");
  // Two seconds of each recording are sealed.
  await expect.poll(() => recordedBytes(3)).toBeGreaterThan(2 * 8000 * 2 * 2);
  await expect.poll(async () => (await engine.call(vendor.callId)).status).toBe("live");
  isReachable = false;
  await engine.kill();
  await Promise.all([a.has("lost"), b.has("lost")]);

  begin(60_000);
  const outlived = "a call outlived its process: its client may come back";
  await engine.ready();
  // Held, and visible as that; the one that cannot come back has ended.
  for (const { callId } of [one, other]) {
    expect(await engine.call(callId)).toMatchObject({ status: "resuming" });
    expect(logsOf(callId)).toEqual([outlived]);
  }
  expect(await engine.call(vendor.callId)).toMatchObject({ outcome: "dropped" });
  isReachable = true;
  // Nobody else gets in: not with a forged word, nor with that of another call.
  b.client.hangup();
  for (const resume of [`0.${"A".repeat(43)}`, a.words.at(-1)!]) {
    const stranger = connect(other, { resume });
    await stranger.has("closed 1008");
  }
  await a.has("resumed");
  expect(await engine.call(one.callId)).toMatchObject({ status: "live", state: "second" });
  // What was cut off is said again; the answer to it counts.
  const heard = a.told.items.filter((what) => what === "heard").length;
  await a.has("heard", heard + 1);
  a.client.sendDtmf("2");
  await a.has("hangup");
  stop();
  const view = await engine.callEnded(one.callId);
  expect(view).toMatchObject({ outcome: "completed", protocol: "native-v1" });
  expect(view.keys.map(({ digit }) => digit)).toEqual(["1", "2"]);
  const texts = view.transcript.map(({ text }) => text);
  expect(texts[0]).toBe("Press one, one.");
  expect(texts.at(-1)).toBe("Goodbye.");
  expect(texts.filter((text) => text === "Press one, one.")).toHaveLength(1);
  // It goes on behind what was sealed, in its own time: the pause is silence.
  const wav = decodeWav(await engine.recording(one.callId));
  expect((wav.samples.length * 1000) / wav.channels / wav.rateHz).toBeCloseTo(view.recordedMs, 0);
  const lastedMs = view.endedEpochMs! - view.answeredEpochMs!;
  expect(Math.abs(view.recordedMs - lastedMs)).toBeLessThan(1000);
  const isLoud = (samples: Int16Array): boolean => samples.some((one) => Math.abs(one) > 1000);
  const [first, last] = [wav.samples.slice(0, 48_000), wav.samples.slice(-32_000)];
  expect([isLoud(first), isLoud(last)]).toEqual([true, true]);
  expect(logsOf(one.callId).filter((message) => message === outlived)).toHaveLength(1);
  // A word of before the resumption is used up.
  const late = connect(one, { resume: a.words[0]! });
  await late.has("closed 1008");

  // The other one has nobody any more. Its client would come back for a second, in the third life.
  await engine.kill();
  begin(1000);
  await engine.ready();
  await engine.logged("a call was dropped: its process ended");
  expect(await engine.callEnded(other.callId)).toMatchObject({
    outcome: "dropped",
    state: "first",
    cause: "the engine's process ended",
  });
  expect(await engine.call(one.callId)).toEqual(view);
  const tooLate = connect(other, { resume: b.words.at(-1)! });
  await tooLate.has("closed 1008");
  const dropped = engine.logs.filter(({ message }) => message.startsWith("a call was dropped"));
  expect(dropped.map(({ fields }) => fields["callId"])).toEqual([other.callId]);
});
