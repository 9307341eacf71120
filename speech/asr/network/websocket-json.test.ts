/** The adapter against its mock, over real sockets. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { nodeRng, nodeTime } from "../../../base/node-ports.js";
import type { Grammar, RecognizerEvent } from "../recognizer.js";
import { startMockVendor, type MockVendor } from "../testing/mock-vendor.js";
import { speakTones } from "../testing/tone-words.js";
import { recognitionVendor } from "../../../config/default-config.js";
import type { RecognitionVendorConfig } from "../../../config/schema.js";
import { createNetworkRecognizer, type NetworkRecognizer } from "./network-recognizer.js";

const grammar: Grammar = {
  language: "en-US",
  phrases: ["Yes, please.", "no"],
  digits: { min: 2, max: 4 },
};
const withEnd = { endMessage: '{"type":"end"}', finalField: "is_final" };

describe("JSON over WebSocket", () => {
  let mock: MockVendor;
  let recognizer: NetworkRecognizer | undefined;

  beforeAll(async () => {
    mock = await startMockVendor({ vendor: "websocket-json" });
  });
  afterEach(() => recognizer?.close());
  afterAll(() => mock.kill());

  function open(settings: Partial<RecognitionVendorConfig> = {}): void {
    const vendor = recognitionVendor({
      vendor: "websocket-json",
      url: mock.url,
      streamsMax: 4,
      replaySpeed: 4,
      ...settings,
    });
    recognizer = createNetworkRecognizer({
      vendors: [vendor],
      choose: "inOrder",
      time: nodeTime(),
      rng: nodeRng,
    });
  }

  /** Says the words in frames of 20 ms and waits for the end of the stream. */
  function say(words: string, rateHz = 8000): Promise<readonly RecognizerEvent[]> {
    const events: RecognizerEvent[] = [];
    return new Promise((resolve) => {
      const stream = recognizer!.open({ grammar, rateHz }, (event) => {
        events.push(event);
        if (event.kind !== "partial") resolve(events);
      });
      const samples = speakTones(words.split(" "), rateHz);
      const frame = rateHz / 50;
      for (let at = 0; at < samples.length; at += frame) {
        stream.write(samples.subarray(at, at + frame));
      }
      stream.finish();
    });
  }

  it("gives partials and the final, in the words of the grammar", async () => {
    open(withEnd);
    const events = await say("yes please");
    expect(events).toEqual([
      { kind: "partial", text: "yes", isComplete: false },
      { kind: "partial", text: "Yes, please.", isComplete: true },
      expect.objectContaining({ kind: "final", text: "Yes, please.", isRejected: false }),
    ]);
  });

  it("sends the rate of the call as it is, and no other within an utterance", async () => {
    open(withEnd);
    expect((await say("no", 16_000)).at(-1)).toMatchObject({ text: "no" });
    expect((await say("no", 8000)).at(-1)).toMatchObject({ text: "no" });
  });

  it("brings audio to a rate the server takes", async () => {
    open({ ...withEnd, ratesHz: [16_000] });
    expect((await say("four zero seven one")).at(-1)).toMatchObject({
      kind: "final",
      text: "4071",
    });
  });

  it("takes the last text for final where the server has no end", async () => {
    open();
    expect((await say("tomorrow morning")).at(-1)).toMatchObject({
      kind: "final",
      text: "tomorrow morning",
    });
  });

  it("carries several utterances at once, each with its own words", async () => {
    open(withEnd);
    const sentences = ["yes", "no", "maybe later", "stop"];
    const finals = await Promise.all(sentences.map(async (words) => (await say(words)).at(-1)));
    expect(finals).toMatchObject(sentences.map((text) => ({ kind: "final", text })));
    expect((await say("goodbye")).at(-1)).toMatchObject({ text: "goodbye" });
  });

  it("lets an utterance wait for a free stream when all that it may have are in use", async () => {
    open(withEnd);
    const words = ["okay", "right", "wrong", "today", "later"];
    const finals = await Promise.all(words.map(async (word) => (await say(word)).at(-1)));
    expect(finals).toMatchObject(words.map((text) => ({ kind: "final", text })));
  });

  it("rejects silence", async () => {
    open(withEnd);
    const stream = new Promise<RecognizerEvent>((resolve) => {
      const opened = recognizer!.open({ grammar, rateHz: 8000 }, resolve);
      opened.write(new Int16Array(4000));
      opened.finish();
    });
    expect(await stream).toMatchObject({ kind: "final", text: "", isRejected: true });
  });

  it("says that nobody listens there", async () => {
    open({ url: "ws://127.0.0.1:9" });
    expect(await say("yes")).toMatchObject([
      { kind: "failed", error: { code: "RECOGNITION_UNAVAILABLE" } },
    ]);
  });
});
