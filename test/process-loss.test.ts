import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { decodeWav } from "../codecs/audio/wav-reader.js";
import { beginEngine, serveEngine, writeEngineFiles } from "./support/served-engine.js";

let folder = "";
let config = "";
const running: { kill(): Promise<void> }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "voxtree-loss-"));
  config = writeEngineFiles(folder);
});
afterEach(async () => {
  for (const engine of running.splice(0)) await engine.kill();
  rmSync(folder, { recursive: true, force: true });
});

const serve = async () => {
  const engine = await serveEngine(config);
  running.push(engine);
  return engine;
};
/** Seconds of audio that are sealed, over all recordings, at least. */
const recordedBytes = (): number =>
  readdirSync(join(folder, "data", "recordings"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".vxr"))
    .map((name) => statSync(join(folder, "data", "recordings", name)).size)
    .reduce((least, size) => Math.min(least, size), Infinity);

test("calls of a process that was killed are dropped where they were, and counted once", async () => {
  const first = await serve();
  const live = [await first.dial("twilio"), await first.dial("twilio")];
  const dialling = await first.dial("ringing");
  const states = async () =>
    Promise.all(live.map(async ({ callId }) => (await first.call(callId)).transcript.length));
  await expect.poll(states).toEqual([1, 1]);
  // Two chunks of a second each are on the disk.
  await expect.poll(recordedBytes).toBeGreaterThan(2 * 8000 * 2 * 2);
  await first.kill();

  // This start is killed in the middle of ending the calls.
  const second = beginEngine(config, ({ msg }, child) => {
    if (msg.startsWith("a call was dropped")) child.kill("SIGKILL");
  });
  await second.exited;

  const third = await serve();
  const views = await Promise.all(live.map(({ callId }) => third.call(callId)));
  for (const view of views) {
    expect(view).toMatchObject({ status: "ended", outcome: "dropped", state: "first" });
    expect(view.transcript.map(({ text }) => text)).toEqual(["Press one, Anna Miller."]);
    const livedMs = view.endedEpochMs! - view.answeredEpochMs!;
    expect(livedMs).toBeGreaterThan(1900);
    expect(view.recordedMs).toBeGreaterThanOrEqual(2000);
    expect(view.recordedMs % 1000).toBe(0);
    const wav = decodeWav(await third.recording(view.callId));
    expect((wav.samples.length * 1000) / wav.channels / wav.rateHz).toBe(view.recordedMs);
    expect(wav.samples.some((sample) => Math.abs(sample) > 1000)).toBe(true);
  }
  expect(await third.call(dialling.callId)).toMatchObject({ outcome: "dropped" });
  const dropped = [...second.logs, ...third.logs].filter(({ msg }) => msg.includes("was dropped"));
  // Each is told of once, but for the line that died with the process that had just written it.
  expect(new Set(dropped.map(({ callId }) => callId)).size).toBe(dropped.length);
  const next = await third.dial("ringing");
  expect((await third.call(next.callId)).status).toBe("dialing");
});
