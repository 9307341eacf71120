/** eSpeak NG itself, where it is installed: `apt-get install espeak-ng`. */
import { spawnSync } from "node:child_process";
import { afterEach, describe, expect, it } from "vitest";
import { nodeRng, nodeTime } from "../../../base/node-ports.js";
import { voiceVendor } from "../../../config/default-config.js";
import { collectSpeech } from "../collect-speech.js";
import { espeakProgram } from "./espeak-line.js";
import { createVoiceSynthesizer, type VoiceSynthesizer } from "./voice-synthesizer.js";

const isInstalled = spawnSync(espeakProgram, ["--version"]).status === 0;

describe.skipIf(!isInstalled)("eSpeak NG", () => {
  let synthesizer: VoiceSynthesizer;
  afterEach(() => synthesizer.close());

  const open = (speed = 1): VoiceSynthesizer =>
    (synthesizer = createVoiceSynthesizer({
      vendors: [voiceVendor({ vendor: "espeak", voices: { cmn: "cmn" }, speed })],
      choose: "inOrder",
      time: nodeTime(),
      rng: nodeRng,
    }));
  const request = { text: "您好，请问您明天方便吗？", voice: "cmn", language: "zh-CN" };
  const seconds = ({ samples, rateHz }: { samples: Int16Array; rateHz: number }): number =>
    samples.length / rateHz;

  it("speaks Mandarin, at a rate of ours, without waiting before the first sound", async () => {
    const speech = await collectSpeech(open(), request);
    expect(speech.rateHz).toBe(16_000);
    expect(seconds(speech)).toBeGreaterThan(1.5);
    expect(seconds(speech)).toBeLessThan(5);
    const loudest = speech.samples.reduce((max, one) => Math.max(max, Math.abs(one)), 0);
    expect(loudest).toBeGreaterThan(5000);
    expect(speech.samples.subarray(0, 800).some((one) => Math.abs(one) > 64)).toBe(true);
  });

  it("speaks faster where that is asked for, by configuration and by markup", async () => {
    const normal = seconds(await collectSpeech(open(), request));
    const fast = seconds(await collectSpeech(open(1.5), request));
    const text = `<speak><prosody rate="150%">${request.text}</prosody></speak>`;
    const marked = seconds(await collectSpeech(open(), { ...request, text }));
    expect(fast).toBeLessThan(normal * 0.85);
    expect(marked).toBeCloseTo(fast, 1);
  });

  it("says that it does not know a voice", async () => {
    const unknown = { ...request, voice: "nobody" };
    await expect(collectSpeech(open(), unknown)).rejects.toMatchObject({
      code: "SYNTHESIS_NO_VOICE",
    });
  });
});
