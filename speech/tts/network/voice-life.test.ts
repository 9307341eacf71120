/** What becomes of connections, busy voices and voices that fail again and again. */
import { afterEach, describe, expect, it } from "vitest";
import { nodeRng, nodeTime } from "../../../base/node-ports.js";
import { voiceVendor } from "../../../config/default-config.js";
import type { VoiceVendorConfig } from "../../../config/schema.js";
import { startMockVoice, type MockVoice } from "../testing/mock-voice.js";
import type { PcmAudio, SpeechStream } from "../synthesizer.js";
import type { VoiceNotice } from "./resilient-voice.js";
import {
  createVoiceSynthesizer,
  vendorVoice,
  type VoiceSynthesizer,
  type VoiceSynthesizerOptions,
} from "./voice-synthesizer.js";

const time = nodeTime();
const beep: PcmAudio = { rateHz: 16_000, samples: new Int16Array(1600).fill(5000) };
const embedded = {
  name: "embedded",
  render: () => Promise.resolve(beep),
  voiceOf: () => "slt",
};

describe("voices", () => {
  const mocks: MockVoice[] = [];
  let synthesizer: VoiceSynthesizer;
  let notices: VoiceNotice[];

  afterEach(async () => {
    synthesizer.close();
    await Promise.all(mocks.splice(0).map((mock) => mock.kill()));
  });

  async function mockOf(vendor: "openai" | "elevenlabs-stream"): Promise<MockVoice> {
    const mock = await startMockVoice({ vendor });
    mocks.push(mock);
    return mock;
  }

  function use(
    given: readonly (Partial<VoiceVendorConfig> & Pick<VoiceVendorConfig, "vendor">)[],
    more: Partial<VoiceSynthesizerOptions> = {},
  ): void {
    notices = [];
    synthesizer = createVoiceSynthesizer({
      vendors: given.map((one) => voiceVendor({ key: "k", voice: "v", ...one })),
      choose: "inOrder",
      time,
      rng: nodeRng,
      observe: (notice) => notices.push(notice),
      ...more,
    });
  }

  /** `end` or a code; how much sound came. */
  function speak(
    text: string,
    onAudio: (stream: SpeechStream) => void = () => undefined,
  ): Promise<{ end: string; soundMs: number }> {
    let soundMs = 0;
    return new Promise((resolve) => {
      const request = { text, voice: "slt", language: "en" };
      const stream = synthesizer.open(request, (event) => {
        if (event.kind === "failed") return resolve({ end: event.error.code, soundMs });
        if (event.kind === "end") return resolve({ end: "end", soundMs });
        if (event.kind === "mark") return;
        soundMs += (event.audio.samples.length * 1000) / event.audio.rateHz;
        onAudio(stream);
      });
    });
  }

  it("keep their connections for the next text", async () => {
    const mock = await mockOf("openai");
    use([{ vendor: "openai", url: mock.url }]);
    await speak("yes");
    await speak("no");
    // It tells by a way of its own, which may be slower than the speech.
    await mock.told("asked", 2);
    const asked = mock.reports.filter(({ kind }) => kind === "asked");
    expect(asked).toEqual([
      { kind: "asked", isReused: false },
      { kind: "asked", isReused: true },
    ]);
  });

  it.each(["openai", "elevenlabs-stream"] as const)(
    "of kind %s are cut off at once when the callee interrupts",
    async (vendor) => {
      const mock = await mockOf(vendor);
      use([{ vendor, url: `${mock.url}/?scenario=stall` }]);
      let isOver = false;
      void speak("yes please tomorrow", (stream) => {
        stream.cancel();
        isOver = true;
      }).then(() => {
        throw new Error("a cancelled stream has no end");
      });
      await mock.told("abandoned");
      expect(isOver).toBe(true);
    },
  );

  it("have the next connection open before it is needed", async () => {
    const mock = await mockOf("elevenlabs-stream");
    use([{ vendor: "elevenlabs-stream", url: mock.url }]);
    expect(await speak("yes")).toMatchObject({ end: "end" });
    await mock.told("asked", 2);
    expect(await speak("no please")).toMatchObject({ end: "end" });
  });

  it("that are busy leave a text to the next one", async () => {
    const mock = await mockOf("openai");
    use(
      [
        {
          vendor: "openai",
          url: `${mock.url}/?scenario=mute`,
          streamsMax: 1,
          firstSoundMsMax: 200,
        },
      ],
      { embedded },
    );
    const stalled = speak("yes", () => undefined);
    expect(await speak("no")).toMatchObject({ end: "end", soundMs: 100 });
    expect(notices).toContainEqual(expect.objectContaining({ kind: "spoken", voice: "embedded" }));
    expect(await stalled).toMatchObject({ end: "end", soundMs: 100 });
  });

  it("that fail again and again are left out, and told so once", async () => {
    const mock = await mockOf("openai");
    use([{ vendor: "openai", url: `${mock.url}/?scenario=down` }], { embedded });
    for (let i = 0; i < 6; i += 1) expect(await speak("yes")).toMatchObject({ end: "end" });
    const opened = notices.filter(({ kind }) => kind === "circuit");
    expect(opened).toEqual([{ kind: "circuit", voice: "openai", change: "opened" }]);
    const failed = notices.filter(({ kind }) => kind === "attemptFailed");
    expect(failed.length).toBe(3);
  });

  it("that all fail say why, and one notice counts the text", async () => {
    const mock = await mockOf("openai");
    use([
      { vendor: "openai", url: `${mock.url}/?scenario=quota` },
      { vendor: "openai", name: "second", url: "http://127.0.0.1:9/" },
    ]);
    expect(await speak("yes")).toEqual({ end: "SYNTHESIS_UNAVAILABLE", soundMs: 0 });
    expect(notices.filter(({ kind }) => kind === "unspoken")).toEqual([
      { kind: "unspoken", code: "SYNTHESIS_UNAVAILABLE" },
    ]);
  });

  it("say that nobody speaks a language", async () => {
    use([{ vendor: "openai", url: "http://127.0.0.1:9/", languages: ["zh"] }]);
    expect(await speak("yes")).toMatchObject({ end: "SYNTHESIS_NO_VOICE" });
  });

  it("in a process that is not installed, or breaks, fail with a code", async () => {
    use([
      { vendor: "espeak", program: "/nonexistent/espeak" },
      { vendor: "espeak", name: "broken", program: "/bin/false" },
    ]);
    expect((await speak("yes")).end).toMatch(/^SYNTHESIS_(VENDOR|UNAVAILABLE|SILENT)$/);
    const codes = notices.flatMap((notice) => (notice.kind === "attemptFailed" ? notice.code : []));
    expect(codes).toEqual(["SYNTHESIS_UNAVAILABLE", "SYNTHESIS_VENDOR"]);
  });
});

it.each([
  [{}, "slt", "en-US", "slt"],
  [{ voice: "nova" }, "slt", "en-US", "nova"],
  [{ voices: { slt: "alloy" } }, "slt", "en-US", "alloy"],
  [{ voices: { slt: "alloy" } }, "rms", "en-US", undefined],
  [{ voices: { slt: "alloy" }, voice: "nova" }, "rms", "en-US", "nova"],
  [{ voices: {} }, "constructor", "en-US", undefined],
  [{ languages: ["en"] }, "slt", "en-GB", "slt"],
  [{ languages: ["en-GB"] }, "slt", "en", undefined],
  [{ languages: ["zh"] }, "slt", "en-GB", undefined],
] as const)("with %j a flow's %s in %s is the vendor's %s", (config, voice, language, expected) => {
  expect(vendorVoice(voiceVendor({ vendor: "openai", ...config }), voice, language)).toBe(expected);
});
