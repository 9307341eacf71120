/**
 * Question: when the recogniser dies in the middle of sentences, is a word lost or doubled, and how
 * much later does the final text come?
 *
 * People talk in real time, in tone words, to a mock recogniser in a process of its own: first in
 * peace, then while it is killed and started again so many times. A second one stands by unless
 * `--alone` is given. Every text is compared with what was said.
 */
import { nodeRng, nodeTime } from "../../base/node-ports.js";
import { Histogram } from "../../base/histogram.js";
import { recognitionVendor } from "../../config/default-config.js";
import {
  createNetworkRecognizer,
  type NetworkRecognizer,
} from "../../speech/asr/network/network-recognizer.js";
import type { RecognizerEvent } from "../../speech/asr/recognizer.js";
import { startMockVendor } from "../../speech/asr/testing/mock-vendor.js";
import { speakTones, toneWords } from "../../speech/asr/testing/tone-words.js";
import { defineBench, type OptionValues, type Progress } from "../support/bench.js";
import { tailOf, type Tail } from "../support/figures.js";
import { killAgain } from "./kill-again.js";

const rateHz = 8000;
const frameMs = 20;
const frameSamples = (rateHz * frameMs) / 1000;
const words = { min: 3, max: 8 };

const options = {
  utterances: {
    kind: "count",
    default: 300,
    max: 10_000,
    help: "sentences while it dies, at least",
  },
  talkers: { kind: "count", default: 20, max: 200, help: "people who talk at once" },
  deaths: { kind: "count", default: 50, max: 1000, help: "how often the recogniser dies" },
  alone: { kind: "flag", help: "no other recogniser stands by" },
} as const;
type Options = OptionValues<typeof options>;

export type RecogniserLossResult = {
  readonly bench: "recogniser-loss";
  readonly isValid: boolean;
  readonly isAlone: boolean;
  readonly deaths: number;
  readonly utterances: number;
  /** Texts that are not what was said, and sentences that came to nothing. */
  readonly wrong: number;
  readonly failed: number;
  /** Attempts that were lost and went on elsewhere. */
  readonly movedOn: number;
  /** From the end of the audio to the final text: in peace, and while it dies. */
  readonly peaceMs: Tail;
  readonly deathsMs: Tail;
};

const vendor = "websocket-json";
const time = nodeTime();
const protocol = { endMessage: '{"type":"end"}', finalField: "is_final", replaySpeed: 4 };

type Talk = { said: number; wrong: number; failed: number; readonly delay: Histogram };

export async function recogniserLossBench(
  { utterances, talkers, deaths, alone }: Options,
  progress: Progress,
): Promise<RecogniserLossResult> {
  const main = await startMockVendor({ vendor });
  const standby = alone ? undefined : await startMockVendor({ vendor });
  let movedOn = 0;
  const vendors = [main, ...(standby === undefined ? [] : [standby])].map(({ url }, index) =>
    recognitionVendor({ vendor, name: `v${index}`, url, ...protocol }),
  );
  const recognizer = createNetworkRecognizer({
    vendors,
    choose: "inOrder",
    time,
    rng: nodeRng,
    observe: ({ kind }) => void (movedOn += kind === "movedOn" ? 1 : 0),
  });
  progress("in peace");
  const peace = await talk(recognizer, talkers, (said) => said >= 2 * talkers);
  progress(`${deaths} deaths`);
  let died = 0;
  const killing = killAgain(main, deaths, () => (died += 1));
  const dying = await talk(recognizer, talkers, (said) => said >= utterances && died >= deaths);
  const last = await killing;
  recognizer.close();
  await Promise.all([last.kill(), standby?.kill()]);
  return {
    bench: "recogniser-loss",
    isValid: peace.wrong + peace.failed + dying.wrong === 0,
    isAlone: alone,
    deaths: died,
    utterances: dying.said,
    wrong: dying.wrong,
    failed: dying.failed,
    movedOn,
    peaceMs: tailOf(peace.delay.summary()),
    deathsMs: tailOf(dying.delay.summary()),
  };
}

/** Everybody says one sentence after the other until it is enough. */
async function talk(
  recognizer: NetworkRecognizer,
  talkers: number,
  isEnough: (said: number) => boolean,
): Promise<Talk> {
  const all: Talk = { said: 0, wrong: 0, failed: 0, delay: new Histogram() };
  const one = async (): Promise<void> => {
    while (!isEnough(all.said)) {
      all.said += 1;
      const sentence = sentenceOf();
      const { event, delayMs } = await say(recognizer, sentence);
      all.delay.recordMs(delayMs);
      if (event.kind !== "final") all.failed += 1;
      else if (event.text !== sentence.join(" ")) all.wrong += 1;
    }
  };
  await Promise.all(Array.from({ length: talkers }, one));
  return all;
}

/** Says a sentence in real time, as a telephone line brings it. */
function say(
  recognizer: NetworkRecognizer,
  sentence: readonly string[],
): Promise<{ readonly event: RecognizerEvent; readonly delayMs: number }> {
  return new Promise((resolve) => {
    let endedAtMs = 0;
    const grammar = { language: "en-US", phrases: [] };
    const stream = recognizer.open({ grammar, rateHz }, (event) => {
      if (event.kind !== "partial") resolve({ event, delayMs: time.nowMs() - endedAtMs });
    });
    const samples = speakTones(sentence, rateHz);
    const startMs = time.nowMs();
    const speak = (at: number): void => {
      if (at >= samples.length) {
        endedAtMs = time.nowMs();
        return stream.finish();
      }
      stream.write(samples.subarray(at, at + frameSamples));
      const next = at + frameSamples;
      time.after(startMs + (next * 1000) / rateHz - time.nowMs(), () => speak(next));
    };
    speak(0);
  });
}

function sentenceOf(): string[] {
  const length = words.min + Math.floor(nodeRng.next() * (words.max - words.min + 1));
  return Array.from({ length }, () => toneWords[Math.floor(nodeRng.next() * toneWords.length)]!);
}

export const recogniserLoss = defineBench({
  name: "recogniser-loss",
  question: "the recogniser dies in mid-sentence: are words lost, and how much later is the text",
  options,
  run: recogniserLossBench,
  format: (result) => `${result.utterances} sentences, ${result.deaths} deaths of the recogniser${
    result.isAlone ? ", nobody stands by" : ", another stands by"
  }
  texts that are not what was said   ${result.wrong}
  sentences that came to nothing     ${result.failed}
  attempts that went on elsewhere    ${result.movedOn}
  end of audio → final text, ms      p50 ${result.deathsMs.p50}  p95 ${result.deathsMs.p95}  max ${result.deathsMs.max}
    in peace                         p50 ${result.peaceMs.p50}  p95 ${result.peaceMs.p95}  max ${result.peaceMs.max}
`,
});
