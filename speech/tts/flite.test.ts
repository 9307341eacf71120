import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { compiledEntry } from "../../base/compiled-entry.js";
import { EngineError } from "../../base/errors.js";
import { speechLevelDbfs } from "../../codecs/audio/level.js";
import { createFlite, FLITE_VOICES } from "./flite.js";

const flite = await createFlite();
const SENTENCE = "Hello there, this is your clinic calling to confirm your appointment.";

function say(text: string, voice = "kal", language = "en-US") {
  return flite.synthesize({ text, voice, language });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(EngineError);
  return (error as EngineError).code;
}

describe.each(FLITE_VOICES)("voice %s", (voice) => {
  it("speaks a sentence in plausible time, loud enough, without clipping", async () => {
    const pcm = await say(SENTENCE, voice);
    const durationS = pcm.samples.length / pcm.rateHz;
    expect(pcm.rateHz).toBe(voice === "kal" ? 8000 : 16000);
    expect(durationS).toBeGreaterThan(3);
    expect(durationS).toBeLessThan(6);
    expect(speechLevelDbfs(pcm)).toBeGreaterThan(-30);
    expect(speechLevelDbfs(pcm)).toBeLessThan(-10);
    expect(Math.max(...pcm.samples.map(Math.abs))).toBeLessThan(32767);
  });

  it("gives the same samples for the same text, whatever was spoken in between", async () => {
    const first = await say("Yes, please.", voice);
    await say("Something else entirely.", voice);
    expect((await say("Yes, please.", voice)).samples).toEqual(first.samples);
  });
});

describe("flite", () => {
  it("has a different sound for each voice", async () => {
    const lengths = await Promise.all(
      FLITE_VOICES.map(async (voice) => {
        const { samples, rateHz } = await say(SENTENCE, voice);
        return samples.length / rateHz;
      }),
    );
    expect(new Set(lengths).size).toBe(FLITE_VOICES.length);
  });

  it("speaks several texts asked for at once, each as if it were alone", async () => {
    const alone = await say("One.");
    const together = await Promise.all([say("One."), say("Two hundred and two."), say("One.")]);
    expect(together[0].samples).toEqual(alone.samples);
    expect(together[2].samples).toEqual(alone.samples);
    expect(together[1].samples.length).toBeGreaterThan(alone.samples.length);
  });

  it("speaks a price as long as its words, not as its signs", async () => {
    const written = await say("$45.00");
    expect(written.samples).toEqual((await say("forty five dollars")).samples);
  });

  it("takes a text that looks like an option for a text", async () => {
    expect((await say("-voice slt")).samples.length).toBeGreaterThan(4000);
  });

  it("speaks a long text whole", async () => {
    const one = await say("This is one of many sentences.");
    const many = await say("This is one of many sentences. ".repeat(20));
    const ratio = many.samples.length / one.samples.length;
    expect(ratio).toBeGreaterThan(15);
    expect(ratio).toBeLessThan(25);
  });

  it("refuses what it can not speak, with a code for each reason", async () => {
    expect(await codeOf(say("... 😀 ..."))).toBe("NOTHING_SPEAKABLE");
    expect(await codeOf(say(""))).toBe("NOTHING_SPEAKABLE");
    expect(await codeOf(say("你好"))).toBe("UNSUPPORTED_LANGUAGE");
    expect(await codeOf(say("Hello", "kal", "zh-CN"))).toBe("UNSUPPORTED_LANGUAGE");
    expect(await codeOf(say("Hello", "kal", "english"))).toBe("UNSUPPORTED_LANGUAGE");
    expect(await codeOf(say("Hello", "nobody"))).toBe("UNKNOWN_VOICE");
    expect(await codeOf(say("x".repeat(2001)))).toBe("TEXT_TOO_LONG");
  });

  it("gives up on a text that is short to write but endless to say", async () => {
    expect(await codeOf(say("9".repeat(2000)))).toBe("TEXT_TOO_LONG");
    expect(await codeOf(say("x".repeat(2000)))).toBe("TEXT_TOO_LONG");
  });

  it("names the voices there are when one is unknown", async () => {
    await expect(say("Hello", "nobody")).rejects.toThrow(/"nobody".*slt, rms, awb, kal/);
  });
});

const RENDER_IN_WORKER = `
  const { workerData, parentPort } = require("node:worker_threads");
  void import(workerData).then(async ({ createFlite }) => {
    const flite = await createFlite();
    const render = async (count) => {
      let samples = 0;
      for (let i = 0; i < count; i += 1) {
        const request = { text: "Yes, please.", voice: i % 8 === 0 ? "slt" : "kal", language: "en" };
        samples = (await flite.synthesize(request)).samples.length;
      }
      return { samples, rssMb: process.memoryUsage().rss / 2 ** 20 };
    };
    parentPort.postMessage([await render(40), await render(160)]);
  });`;

it("renders in a worker thread, and 200 renders take no more memory than 40", async () => {
  const worker = new Worker(RENDER_IN_WORKER, {
    eval: true,
    workerData: compiledEntry("speech/tts/flite.js").href,
  });
  const [early, late] = await new Promise<{ samples: number; rssMb: number }[]>(
    (resolve, reject) => {
      worker.once("message", resolve).once("error", reject);
    },
  );
  await worker.terminate();
  expect(late!.samples).toBe(early!.samples);
  // One instance is 17 MB: if they were kept, 160 of them would be 2.7 GB.
  expect(late!.rssMb - early!.rssMb).toBeLessThan(300);
}, 60_000);

it("hides the experimental warning about WASI and no other warning", async () => {
  const script = `
    const { createFlite } = await import(process.argv[1]);
    await Promise.all([createFlite(), createFlite()]);
    process.emitWarning("something else is new", "ExperimentalWarning");
    process.emitWarning("WASI is not to blame", "Warning");`;
  const { stderr } = await promisify(execFile)(process.execPath, [
    "--input-type=module",
    "--eval",
    script,
    compiledEntry("speech/tts/flite.js").href,
  ]);
  expect(stderr).not.toContain("WASI is an experimental feature");
  expect(stderr).toContain("ExperimentalWarning: something else is new");
  expect(stderr).toContain("Warning: WASI is not to blame");
});
