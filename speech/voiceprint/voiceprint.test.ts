import { fork } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { speak, throughTelephone } from "../../test/support/spoken-audio.js";
import { compiledEntry } from "../../base/compiled-entry.js";
import { nodeTime } from "../../base/node-ports.js";
import { embeddedVoiceModel } from "./embedded-model.js";
import { remoteVoiceModel } from "./remote-model.js";
import { decodeTemplate, encodeTemplate } from "./template.js";
import { voiceprintAnalyzer, type VerifyVoice } from "./voiceprint-analyzer.js";
import { verdictOf, VoiceprintError, type VoiceVerdict } from "./voiceprint.js";

const model = embeddedVoiceModel();
const first = "Good morning, I am calling about the delivery that was promised for last Thursday.";
const second =
  "The train leaves at seven, and whoever is late has to wait until a quarter past nine.";

async function printed(voice: string, text: string, isNarrow = true) {
  const speech = await speak(voice, text);
  return isNarrow ? model.print(throughTelephone(speech), 8000) : model.print(speech, 16_000);
}

describe("the embedded voiceprint", () => {
  it("knows each of three voices among the others, in other words and at another rate", async () => {
    const voices = ["slt", "rms", "awb"];
    const templates = await Promise.all(voices.map((voice) => printed(voice, first)));
    for (const [who, voice] of voices.entries()) {
      for (const isNarrow of [true, false]) {
        const probe = await printed(voice, second, isNarrow);
        const scores = templates.map((template) => model.score(template, probe));
        expect(scores.indexOf(Math.max(...scores))).toBe(who);
      }
    }
  });

  it("is as alike to itself as can be, whatever the loudness, and combines its parts", async () => {
    const speech = throughTelephone(await speak("rms", first));
    const [loud, faint] = [speech, speech.map((sample) => sample / 3)];
    const [one, other] = [await model.print(loud, 8000), await model.print(faint, 8000)];
    expect(model.score(one, one)).toBeCloseTo(0, 6);
    expect(model.score(one, other)).toBeGreaterThan(-0.02);
    const both = model.combine([one, other]);
    expect(both.voicedMs).toBe(one.voicedMs + other.voicedMs);
    expect(model.score(both, one)).toBeGreaterThan(-0.02);
  });

  it("says so where there is too little voice, or none", async () => {
    const short = throughTelephone(await speak("slt", "Yes."));
    await expect(model.print(short, 8000)).rejects.toMatchObject({ code: "VOICEPRINT_SHORT" });
    await expect(model.print(new Int16Array(0), 8000)).rejects.toBeInstanceOf(VoiceprintError);
  });

  it("never calls a voice in noise another's", () => {
    expect(verdictOf(-9, model, true)).toBe("unsure");
    expect([-0.1, -0.4, -9].map((score) => verdictOf(score, model))).toEqual([
      "match",
      "unsure",
      "mismatch",
    ]);
  });
});

describe("a template", () => {
  const print = { values: Float32Array.of(1, -2.5, 3), voicedMs: 4000 };

  it("comes back as it was, of the same model only", () => {
    const bytes = encodeTemplate({ id: "m1" }, print);
    expect(decodeTemplate({ id: "m1" }, bytes)).toEqual(print);
    expect(() => decodeTemplate({ id: "m2" }, bytes)).toThrow(/enrol anew/);
  });

  it.each([[Uint8Array.of()], [Uint8Array.of(0xc1)], [Uint8Array.of(0x93, 1, 2, 3)]])(
    "that does not read is an error of its own: %j",
    (bytes) => {
      expect(() => decodeTemplate({ id: "m1" }, bytes)).toThrow(/does not read/);
    },
  );
});

describe.each(["http", "grpc"] as const)("a model behind %s", (kind) => {
  let url = "";
  let end = (): void => undefined;
  beforeAll(async () => {
    const entry = compiledEntry("speech/voiceprint/testing/mock-voice-model-main.js");
    const child = fork(entry, [kind], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    end = () => void child.kill("SIGKILL");
    const port = await new Promise((resolve) => child.once("message", resolve));
    url = `http://127.0.0.1:${String(port)}`;
  });
  afterAll(() => end());

  const modelWith = (key: string) =>
    remoteVoiceModel({ config: { kind, url, key, timeoutMs: 300 }, time: nodeTime() });
  const speech = Int16Array.from({ length: 40_000 }, (_, at) => (at % 977) * (at > 20_000 ? 9 : 1));

  it("makes prints of what it hears, of length one", async () => {
    const remote = await modelWith("fine");
    const print = await remote.print(speech, 8000);
    expect(print).toMatchObject({ voicedMs: 5000 });
    expect(remote.score(print, remote.combine([print, print]))).toBeCloseTo(1, 5);
    const other = await remote.print(speech.toReversed(), 8000);
    expect(remote.score(print, other)).toBeLessThan(0.5);
    remote.close();
  });

  it.each([
    ["silent", "VOICEPRINT_STALLED"],
    ["denied", "VOICEPRINT_DENIED"],
    ["nonsense", "VOICEPRINT_PROTOCOL"],
  ])("that is %s fails as %s", async (key, code) => {
    const remote = await modelWith(key);
    await expect(remote.print(speech, 8000)).rejects.toMatchObject({ code });
    remote.close();
  });
});

describe("the label of a voice", () => {
  function listen(verify: VerifyVoice) {
    const labels: string[] = [];
    const observed: string[] = [];
    const analyzer = voiceprintAnalyzer({
      name: "voiceprint",
      verify,
      observe: (notice) => observed.push(notice.kind),
    });
    const start = { callId: "c", userId: "u7", language: "en-US", rateHz: 8000 };
    const stream = analyzer.open(start, (event) => {
      if (event.kind === "label") labels.push(event.label.value);
    });
    const say = async (voiceMs: number) => {
      for (let at = 0; at < voiceMs; at += 20) stream.frame(new Int16Array(160).fill(7), true);
      stream.final({ turnId: 1, text: "", isRejected: false });
      await new Promise(setImmediate);
    };
    return { labels, observed, stream, say };
  }

  it("is asked for once there is enough voice, with the person and what they said", async () => {
    const asked: [string, number][] = [];
    const { labels, say } = listen((userId, samples) => {
      asked.push([userId, samples.length]);
      return Promise.resolve({ verdict: "match", score: 1, voicedMs: 1 } as VoiceVerdict);
    });
    await say(2000);
    await say(3000);
    expect(asked).toEqual([["u7", 40_000]]);
    expect(labels).toEqual(["match"]);
    for (let turn = 0; turn < 5; turn += 1) await say(5000);
    expect(asked).toHaveLength(3);
  });

  it("is unknown, once, for who was never enrolled; other failures are only counted", async () => {
    const unknown = listen(() =>
      Promise.reject(new VoiceprintError("VOICEPRINT_UNKNOWN", "nobody")),
    );
    await unknown.say(5000);
    await unknown.say(5000);
    expect(unknown.labels).toEqual(["unknown"]);
    const failing = listen(() => Promise.reject(new Error("no job thread")));
    await failing.say(5000);
    expect([failing.labels, failing.observed]).toEqual([[], ["failed"]]);
  });
});
