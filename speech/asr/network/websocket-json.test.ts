/** The adapter against its mock, over real sockets. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { nodeRng, nodeTime } from "../../../base/node-ports.js";
import type { Grammar, RecognizerEvent } from "../recognizer.js";
import { startMockVendor, type MockVendor } from "../testing/mock-vendor.js";
import { speakTones } from "../testing/tone-words.js";
import { createNetworkRecognizer, type NetworkRecognizer } from "./network-recognizer.js";
import { websocketJson, type WebsocketJsonSettings } from "./websocket-json.js";

const grammar: Grammar = {
  language: "en-US",
  phrases: ["Yes, please.", "no"],
  digits: { min: 2, max: 4 },
};
const withEnd = { endMessage: '{"type":"end"}', finalField: "is_final" };
const limits = { streamsMax: 4, warmCount: 1, connectMsMax: 2000, finalMsMax: 1500 };

describe("JSON over WebSocket", () => {
  let mock: MockVendor;
  let recognizer: NetworkRecognizer | undefined;

  beforeAll(async () => {
    mock = await startMockVendor({ vendor: "websocket-json" });
  });
  afterEach(() => recognizer?.close());
  afterAll(() => mock.kill());

  function open(settings: Partial<WebsocketJsonSettings> = {}): NetworkRecognizer {
    const vendor = websocketJson({ url: mock.url, replaySpeed: 4, ...settings });
    return (recognizer = createNetworkRecognizer({
      vendor,
      limits,
      time: nodeTime(),
      rng: nodeRng,
    }));
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
      { kind: "final", text: "Yes, please.", isRejected: false },
    ]);
  });

  it("sends the rate of the call as it is, and no other within an utterance", async () => {
    open(withEnd);
    expect((await say("no", 16_000)).at(-1)).toMatchObject({ text: "no" });
    expect((await say("no", 8000)).at(-1)).toMatchObject({ text: "no" });
  });

  it("brings audio to a rate the server takes", async () => {
    open({ ...withEnd, ratesHz: [16_000] });
    expect((await say("four zero seven one")).at(-1)).toEqual({
      kind: "final",
      text: "4071",
      isRejected: false,
    });
  });

  it("takes the last text for final where the server has no end", async () => {
    open();
    expect((await say("tomorrow morning")).at(-1)).toEqual({
      kind: "final",
      text: "tomorrow morning",
      isRejected: false,
    });
  });

  it("carries several utterances at once, each with its own words", async () => {
    open(withEnd);
    const sentences = ["yes", "no", "maybe later", "stop"];
    const finals = await Promise.all(sentences.map(async (words) => (await say(words)).at(-1)));
    expect(finals).toMatchObject(sentences.map((text) => ({ kind: "final", text })));
    expect((await say("goodbye")).at(-1)).toMatchObject({ text: "goodbye" });
  });

  it("refuses more streams than it may have", async () => {
    open(withEnd);
    const finals = await Promise.all(
      ["one", "two", "three", "four", "five"].map(async (word) => (await say(word)).at(-1)),
    );
    expect(finals.filter((event) => event?.kind === "failed")).toMatchObject([
      { error: { code: "RECOGNITION_BUSY" } },
    ]);
  });

  it("rejects silence", async () => {
    open(withEnd);
    const stream = new Promise<RecognizerEvent>((resolve) => {
      const opened = recognizer!.open({ grammar, rateHz: 8000 }, resolve);
      opened.write(new Int16Array(4000));
      opened.finish();
    });
    expect(await stream).toEqual({ kind: "final", text: "", isRejected: true });
  });

  it("says that nobody listens there", async () => {
    open({ url: "ws://127.0.0.1:9" });
    expect(await say("yes")).toMatchObject([
      { kind: "failed", error: { code: "RECOGNITION_UNAVAILABLE" } },
    ]);
  });
});
