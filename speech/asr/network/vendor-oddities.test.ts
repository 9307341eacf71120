/** What is peculiar to a vendor: its servers' differences, its vocabulary, its times. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { nodeRng, nodeTime } from "../../../base/node-ports.js";
import { recognitionVendor } from "../../../config/default-config.js";
import type { RecognitionVendorConfig, RecognitionVendorName } from "../../../config/schema.js";
import type { Grammar, RecognizerEvent } from "../recognizer.js";
import { startMockVendor, type MockVendor } from "../testing/mock-vendor.js";
import { speakTones, toneWordMs } from "../testing/tone-words.js";
import { deepgram } from "./deepgram.js";
import { createNetworkRecognizer, type NetworkRecognizer } from "./network-recognizer.js";

const used = ["vosk", "funasr", "deepgram", "sherpa-onnx", "baidu"] as const;
const anything: Grammar = { language: "en-US", phrases: [] };
type Final = Extract<RecognizerEvent, { kind: "final" }>;

describe("peculiarities", () => {
  const mocks = new Map<RecognitionVendorName, MockVendor>();
  const open: NetworkRecognizer[] = [];

  beforeAll(async () => {
    const started = used.map(async (vendor) => {
      mocks.set(vendor, await startMockVendor({ vendor }));
    });
    await Promise.all(started);
  });
  afterEach(() => open.splice(0).forEach((recognizer) => recognizer.close()));
  afterAll(() => Promise.all([...mocks.values()].map((mock) => mock.kill())));

  function say(
    vendor: (typeof used)[number],
    words: string,
    options: Partial<RecognitionVendorConfig> & { query?: string; grammar?: Grammar } = {},
  ): Promise<Final> {
    const { query = "", grammar = anything, ...settings } = options;
    const url = `${mocks.get(vendor)!.url}/${query}`;
    const config = recognitionVendor({ vendor, url, warmCount: 0, ...settings });
    const ports = { time: nodeTime(), rng: nodeRng };
    const recognizer = createNetworkRecognizer({ vendors: [config], choose: "inOrder", ...ports });
    open.push(recognizer);
    return new Promise((resolve, reject) => {
      const stream = recognizer.open({ grammar, rateHz: 8000 }, (event) => {
        if (event.kind === "final") resolve(event);
        if (event.kind === "failed") reject(new Error(event.error.message));
      });
      stream.write(speakTones(words.split(" "), 8000));
      stream.finish();
    });
  }

  it.each([
    ["vosk", {}],
    ["funasr", {}],
    ["deepgram", { key: "k" }],
    ["sherpa-onnx", {}],
  ] as const)("%s says when each word was said", async (vendor, settings) => {
    const { words = [] } = await say(vendor, "yes please", settings);
    expect(words.map(({ text }) => text)).toEqual(["yes", "please"]);
    expect(words.map(({ startMs }) => Math.round(startMs / toneWordMs))).toEqual([0, 1]);
    expect(words.every(({ startMs, endMs }) => endMs > startMs)).toBe(true);
  });

  it("a closed grammar of vosk hears its phrases only", async () => {
    const grammar = { language: "en-US", phrases: ["Yes, please!", "no"] };
    const isGrammarClosed = true;
    expect(await say("vosk", "yes please", { grammar, isGrammarClosed })).toMatchObject({
      text: "Yes, please!",
    });
    const { text } = await say("vosk", "maybe", { grammar, isGrammarClosed });
    expect(text).toBe("[unk]");
  });

  it("funasr's servers differ in what is final, and both come to an end at once", async () => {
    const slow = { finalMsMax: 10_000 };
    const fast = await say("funasr", "yes please", slow);
    const python = await say("funasr", "yes please", { ...slow, query: "?server=python" });
    expect([fast.text, python.text]).toEqual(["yes please.", "yes please."]);
    expect(Math.max(fast.waitedMs!, python.waitedMs!)).toBeLessThan(1500);
  });

  it("funasr takes hot words as JSON inside of JSON", async () => {
    const grammar = { language: "zh-CN", phrases: ['查"账"单'] };
    expect(await say("funasr", "help", { grammar, hotWords: ["通义"] })).toMatchObject({
      text: "help.",
    });
  });

  it.each(["cpp", "python", "old"])("sherpa-onnx's %s server is understood", async (server) => {
    const { text } = await say("sherpa-onnx", "yes please", { query: `?server=${server}` });
    expect(text.replaceAll('"', "")).toBe("yes please");
  });

  it("deepgram gets mu-law from telephones, and hot words as its models want them", () => {
    const target = (model: string | undefined, rateHz: number): URLSearchParams => {
      const config = recognitionVendor({
        vendor: "deepgram",
        url: "wss://api.deepgram.com/v1/listen?tag=x",
        hotWords: ["Acme Corp"],
        ...(model === undefined ? {} : { model }),
      });
      const grammar = { language: "en-GB", phrases: ["Yes, please."], hotWords: ["Dr. Brown"] };
      return new URL(deepgram(config).target({ grammar, rateHz }).url).searchParams;
    };
    const newer = target(undefined, 8000);
    expect(newer.getAll("keyterm")).toEqual(["Acme Corp", "Dr Brown", "Yes please"]);
    expect(Object.fromEntries(newer)).toMatchObject({
      tag: "x",
      model: "nova-3",
      language: "en-GB",
      encoding: "mulaw",
      sample_rate: "8000",
    });
    const older = target("nova-2-phonecall", 16_000);
    expect(older.getAll("keywords")).toEqual(["Acme Corp:2", "Dr Brown:2", "Yes please:2"]);
    expect(older.get("encoding")).toBe("linear16");
  });

  it("baidu is not sent audio faster than speech, however long it waited", async () => {
    const words = "yes please tomorrow morning nine thank you goodbye";
    expect(await say("baidu", words, { key: "k", appId: 1 })).toMatchObject({ text: words });
  });
});
