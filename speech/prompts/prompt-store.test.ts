import { describe, expect, it } from "vitest";
import { EngineError } from "../../base/errors.js";
import type { AudioFormat } from "../../codecs/audio/audio-codec.js";
import type { PcmAudio, SpeechRequest } from "../tts/synthesizer.js";
import { promptId } from "./prompt-id.js";
import type { PromptLayer } from "./prompt-layer.js";
import { createPromptStore, type PromptStore } from "./prompt-store.js";

const PCMU: AudioFormat = { codec: "pcmu", rateHz: 8000 };
const L16: AudioFormat = { codec: "l16", rateHz: 16000 };

function request(text: string): SpeechRequest {
  return { text, voice: "slt", language: "en" };
}

/** 320 ms of sound and the margin after it: 380 ms, so 19 frames, 3040 bytes of pcmu. */
function beep(): PcmAudio {
  const samples = new Int16Array(8000);
  for (let i = 0; i < 2560; i += 1) samples[i] = i % 2 === 0 ? 5000 : -5000;
  return { rateHz: 8000, samples };
}
const PROMPT_BYTES = 19 * 160;

/** A synthesizer whose renders end when the test says so. */
function heldSynthesizer() {
  const texts: string[] = [];
  const waiting: { resolve: (pcm: PcmAudio) => void; reject: (error: unknown) => void }[] = [];
  return {
    texts,
    waiting,
    synthesize: ({ text }: SpeechRequest) =>
      new Promise<PcmAudio>((resolve, reject) => {
        texts.push(text);
        waiting.push({ resolve, reject });
      }),
  };
}

function storeOf(bytesMax: number, texts: string[] = []): PromptStore {
  return createPromptStore({
    bytesMax,
    synthesize: ({ text }) => {
      texts.push(text);
      if (text === "throws") throw new EngineError("BROKEN", "thrown, not rejected");
      if (text === "silent") return Promise.resolve({ rateHz: 8000, samples: new Int16Array(80) });
      return text.startsWith("bad")
        ? Promise.reject(new EngineError("NOTHING_SPEAKABLE", "no letter"))
        : Promise.resolve(beep());
    },
  });
}

/** Lets everything run that waits only for promises. */
async function microtasks(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
}

describe("render", () => {
  it("renders once, then answers from memory", async () => {
    const texts: string[] = [];
    const store = storeOf(1e6, texts);
    const first = await store.render(request("Hello"), PCMU);
    const second = await store.render(request("Hello"), PCMU);
    expect(second).toBe(first);
    expect(store.get(first.promptId, PCMU)).toBe(first);
    expect(texts).toEqual(["Hello"]);
    expect(first).toMatchObject({
      promptId: promptId(request("Hello")),
      format: PCMU,
      durationMs: 380,
    });
    expect(first.audio.length).toBe(PROMPT_BYTES);
    expect(store.stats()).toMatchObject({ prompts: 1, bytes: PROMPT_BYTES, hits: 2, misses: 1 });
  });

  it("makes one render for all who ask at the same time, in every format", async () => {
    const held = heldSynthesizer();
    const store = createPromptStore({ bytesMax: 1e6, synthesize: held.synthesize });
    const asked = [PCMU, PCMU, L16, PCMU, L16].map((format) =>
      store.render(request("Hello"), format),
    );
    await microtasks();
    expect(held.texts).toEqual(["Hello"]);
    expect(store.stats().rendering).toBe(2);
    held.waiting[0]!.resolve(beep());
    const prompts = await Promise.all(asked);
    expect(new Set(prompts).size).toBe(2);
    expect(prompts[1]).toBe(prompts[0]);
    expect(store.stats()).toMatchObject({ prompts: 2, rendering: 0 });
  });

  it("encodes where it is told to, and waits for it", async () => {
    const audio = new Uint8Array(new SharedArrayBuffer(160));
    const store = createPromptStore({
      bytesMax: 1e6,
      synthesize: () => Promise.resolve(beep()),
      encode: () => Promise.resolve(audio),
    });
    expect(await store.render(request("Hello"), PCMU)).toMatchObject({ audio, durationMs: 20 });
  });

  it("fails all who waited, keeps nothing, and tries again for the next", async () => {
    const held = heldSynthesizer();
    const store = createPromptStore({ bytesMax: 1e6, synthesize: held.synthesize });
    const asked = [1, 2].map(() => store.render(request("Hello"), PCMU));
    const settled = Promise.allSettled(asked);
    await microtasks();
    held.waiting[0]!.reject(new EngineError("JOB_LOST", "the worker is gone"));
    expect((await settled).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(store.stats()).toMatchObject({ prompts: 0, rendering: 0 });
    const again = store.render(request("Hello"), PCMU);
    await microtasks();
    held.waiting[1]!.resolve(beep());
    expect((await again).audio.length).toBe(PROMPT_BYTES);
  });

  it("rejects, and recovers, when the synthesizer throws at once or renders silence", async () => {
    const store = storeOf(1e6);
    await expect(store.render(request("throws"), PCMU)).rejects.toMatchObject({ code: "BROKEN" });
    await expect(store.render(request("silent"), PCMU)).rejects.toMatchObject({
      code: "PROMPT_SILENT",
    });
    expect(store.stats()).toMatchObject({ prompts: 0, rendering: 0 });
  });

  it("refuses a prompt larger than the store, and keeps the others", async () => {
    const store = storeOf(PROMPT_BYTES);
    await store.render(request("fits"), PCMU);
    await expect(store.render(request("fits"), L16)).rejects.toMatchObject({
      code: "PROMPT_TOO_LARGE",
      detail: { bytes: PROMPT_BYTES * 4, bytesMax: PROMPT_BYTES },
    });
    expect(store.stats()).toMatchObject({ prompts: 1, evictions: 0 });
  });

  it("forgets what was used longest ago, and never holds more than its bound", async () => {
    const texts: string[] = [];
    const store = storeOf(3 * PROMPT_BYTES + 100, texts);
    for (const text of ["a", "b", "c"]) await store.render(request(text), PCMU);
    store.get(promptId(request("a")), PCMU);
    await store.render(request("d"), PCMU);
    const stored = ["a", "b", "c", "d"].map(
      (text) => store.get(promptId(request(text)), PCMU) !== undefined,
    );
    expect(stored).toEqual([true, false, true, true]);
    expect(store.stats()).toMatchObject({ bytes: 3 * PROMPT_BYTES, evictions: 1 });
    await store.render(request("b"), PCMU);
    expect(texts).toEqual(["a", "b", "c", "d", "b"]);
  });

  it("leaves the audio of an evicted prompt to whoever still plays it", async () => {
    const store = storeOf(PROMPT_BYTES);
    const playing = await store.render(request("a"), PCMU);
    const before = playing.audio.slice();
    await store.render(request("b"), PCMU);
    expect(store.get(playing.promptId, PCMU)).toBeUndefined();
    expect(playing.audio).toEqual(before);
  });
});

/** A layer that is a map, and notes what it is asked. */
function mapLayer(name: string, entries = new Map<string, Uint8Array>()) {
  const layer: PromptLayer = {
    name,
    get: (key) => Promise.resolve(entries.get(key)),
    put: (key, audio) => Promise.resolve(void entries.set(key, audio)),
  };
  return { layer, entries };
}

describe("layers", () => {
  const make = (layers: readonly PromptLayer[], texts: string[] = [], speaker = "flite") =>
    createPromptStore({
      bytesMax: 1e6,
      layers,
      speaker,
      synthesize: ({ text }) => {
        texts.push(text);
        return Promise.resolve({ ...beep(), isStandIn: text === "by another" });
      },
    });

  it("give what another process has rendered, and the slower one fills the faster", async () => {
    const [fast, slow] = [mapLayer("fast"), mapLayer("slow")];
    const first = await make([slow.layer]).render(request("Hello"), PCMU);
    const texts: string[] = [];
    const store = make([fast.layer, slow.layer], texts);
    const again = await store.render(request("Hello"), PCMU);
    expect(again.audio).toEqual(first.audio);
    expect(again.audio.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(texts).toEqual([]);
    expect(fast.entries.size).toBe(1);
    expect(store.stats()).toMatchObject({ layerHits: { slow: 1 }, rendered: 0 });
  });

  it("give nothing that another voice has spoken under the same name", async () => {
    const { layer } = mapLayer("disk");
    await make([layer]).render(request("Hello"), PCMU);
    expect(await make([layer], [], "azure").find(request("Hello"), PCMU)).toBeUndefined();
    expect(await make([layer]).find(request("Hello"), PCMU)).toBeDefined();
  });

  it("never get what a stand-in has spoken", async () => {
    const { layer, entries } = mapLayer("disk");
    const store = make([layer]);
    await store.render(request("by another"), PCMU);
    expect(entries.size).toBe(0);
    expect(store.get(promptId(request("by another")), PCMU)).toBeDefined();
  });

  it("are not believed when what they have is no whole frames", async () => {
    const { layer } = mapLayer("disk");
    const torn: PromptLayer = { ...layer, get: () => Promise.resolve(new Uint8Array(7)) };
    const texts: string[] = [];
    await make([torn], texts).render(request("Hello"), PCMU);
    expect(texts).toEqual(["Hello"]);
  });
});

it("makes another format of the prompt that it has, without asking the voice again", async () => {
  const texts: string[] = [];
  const store = storeOf(1e6, texts);
  await store.render(request("Hello"), L16);
  const prompt = await store.render(request("Hello"), { codec: "pcma", rateHz: 8000 });
  expect(texts).toEqual(["Hello"]);
  expect(prompt.durationMs).toBe(380);
});

it("takes a person's recording for its text, and asks no voice", async () => {
  const texts: string[] = [];
  const store = createPromptStore({
    bytesMax: 1e6,
    synthesize: ({ text }) => Promise.resolve(texts.push(text)).then(beep),
    recorded: ({ text }) => (text === "Hello" ? beep() : undefined),
  });
  await store.render(request("Hello"), PCMU);
  await store.render(request("Goodbye"), PCMU);
  expect(texts).toEqual(["Goodbye"]);
  expect(store.stats()).toMatchObject({ recorded: 1, rendered: 1 });
});

it.each([0, -1, 1.5, NaN, Infinity])("refuses a bound of %d bytes", (bytesMax) => {
  expect(() => storeOf(bytesMax)).toThrow(
    expect.objectContaining({ code: "PROMPT_BYTES_OUT_OF_RANGE" }),
  );
});

it("tells texts, voices and languages apart by their id, which is stable", () => {
  const base = request("Hello");
  const others = [
    { ...base, text: "hello" },
    { ...base, voice: "rms" },
    { ...base, language: "en-US" },
    { text: 'Hello","x', voice: "slt", language: "en" },
  ];
  const ids = [base, ...others].map(promptId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids[0]).toBe("8d7202cd40964be9");
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/);
});
