/** Vendors that die in the middle of a sentence: real processes, real sockets, real kills. */
import { afterEach, describe, expect, it } from "vitest";
import { nodeRng, nodeTime } from "../../../base/node-ports.js";
import { recognitionVendor } from "../../../config/default-config.js";
import type { RecognitionVendorName } from "../../../config/schema.js";
import type { RecognizerEvent } from "../recognizer.js";
import { startMockVendor, type MockVendor } from "../testing/mock-vendor.js";
import { speakTones } from "../testing/tone-words.js";
import { createNetworkRecognizer, type NetworkRecognizer } from "./network-recognizer.js";
import type { RecognitionNotice } from "./resilient.js";

const time = nodeTime();
const rateHz = 8000;
const frame = rateHz / 50;
const grammar = { language: "en-US", phrases: [] };
const sentence = "yes please tomorrow morning";

describe("a vendor that dies", () => {
  const mocks: MockVendor[] = [];
  let recognizer: NetworkRecognizer;
  let notices: RecognitionNotice[];

  afterEach(async () => {
    recognizer.close();
    await Promise.all(mocks.splice(0).map((mock) => mock.kill()));
  });

  async function start(vendor: RecognitionVendorName, port = 0): Promise<MockVendor> {
    const mock = await startMockVendor({ vendor, port });
    mocks.push(mock);
    return mock;
  }

  function listenWith(...given: readonly (readonly [RecognitionVendorName, MockVendor])[]): void {
    notices = [];
    recognizer = createNetworkRecognizer({
      vendors: given.map(([vendor, { url }], index) =>
        recognitionVendor({
          name: `v${index}`,
          vendor,
          url,
          replaySpeed: 8,
          ...(vendor === "websocket-json"
            ? { endMessage: '{"type":"end"}', finalField: "is_final" }
            : {}),
        }),
      ),
      choose: "inOrder",
      time,
      rng: nodeRng,
      observe: (notice) => notices.push(notice),
    });
  }

  /** Speaks in real time. `at` is called when so much was said. */
  function say(words: string, at: Readonly<Record<number, () => void>> = {}): Promise<string> {
    return new Promise((resolve) => {
      const stream = recognizer.open({ grammar, rateHz }, (event: RecognizerEvent) => {
        if (event.kind !== "partial")
          resolve(event.kind === "final" ? event.text : event.error.code);
      });
      const samples = speakTones(words.split(" "), rateHz);
      const speak = (from: number): void => {
        at[(from * 1000) / rateHz]?.();
        if (from >= samples.length) return stream.finish();
        stream.write(samples.subarray(from, from + frame));
        time.after(20, () => speak(from + frame));
      };
      speak(0);
    });
  }

  it("in mid-sentence leaves it to the next one, of another kind, without a word lost or doubled", async () => {
    const [first, second] = await Promise.all([start("websocket-json"), start("vosk")]);
    listenWith(["websocket-json", first], ["vosk", second]);
    expect(await say(sentence)).toBe(sentence);
    const text = await say(sentence, { 500: () => void first.kill() });
    expect(text).toBe(sentence);
    expect(notices.at(-1)).toMatchObject({ kind: "final", vendor: "v1" });
  });

  it("and comes back at once goes on with the same sentence", async () => {
    const first = await start("websocket-json");
    listenWith(["websocket-json", first]);
    const restart = async (): Promise<void> => {
      await first.kill();
      await start("websocket-json", first.port);
    };
    expect(await say(sentence, { 300: () => void restart() })).toBe(sentence);
    expect(notices).toContainEqual(expect.objectContaining({ kind: "movedOn", from: "v0" }));
  });

  it("again and again while ten people talk costs none of them a word", async () => {
    let main = await start("websocket-json");
    const { port } = main;
    listenWith(["websocket-json", main], ["vosk", await start("vosk")]);
    const restart = async (): Promise<void> => {
      await main.kill();
      main = await start("websocket-json", port);
    };
    const sentences = Array.from({ length: 10 }, (_, person) =>
      ["yes", "no", "nine", "help", "today"]
        .slice(person % 3)
        .concat("bill", "agent")
        .join(" "),
    );
    const kills = { 300: () => void restart(), 800: () => void restart() };
    const texts = await Promise.all(
      sentences.map((words, person) => say(words, person === 0 ? kills : {})),
    );
    expect(texts).toEqual(sentences);
  });
});
