/**
 * Question: how many answers are understood on a noisy line, as it comes and with its noise held
 * down, and what does that cost? Answers of two grammars in three synthetic voices, at 8 kHz, to
 * the embedded recogniser, which hears 300 ms before each as in a call.
 */
import { nodeTime } from "../../base/node-ports.js";
import { resampleWhole } from "../../codecs/audio/resampler.js";
import { createLocalRecognizer } from "../../speech/asr/local-recognizer.js";
import { isPocketSphinxAvailable } from "../../speech/asr/pocketsphinx.js";
import type { Recognizer } from "../../speech/asr/recognizer.js";
import { LevelNormaliser } from "../../speech/hearing/level-normaliser.js";
import { noiseSuppression } from "../../speech/hearing/noise-suppressor.js";
import { createFlite } from "../../speech/tts/flite.js";
import { defineBench, type BenchResult, type Progress } from "../support/bench.js";
import { noisyLine, type NoiseKind } from "../support/noisy-line.js";

const rateHz = 8000;
const frameSamples = 160;
const voices = ["slt", "rms", "awb"] as const;
const grammars = [
  ["Yes", "Yes, please", "That is correct", "No", "No, thank you", "That is wrong"],
  [
    "billing",
    "technical support",
    "change my appointment",
    "cancel my appointment",
    "I want to talk to someone",
    "repeat that please",
  ],
];
const lines: readonly (readonly [NoiseKind, number])[] = [
  ["white", 15],
  ["white", 5],
  ["car", 15],
  ["car", 5],
];
const leadMs = 1000;
/** What the recogniser hears before the voice. */
const heardBeforeMs = 300;

type Row = {
  readonly noise: NoiseKind;
  readonly snrDb: number;
  readonly answers: number;
  readonly asItComes: number;
  readonly suppressed: number;
};

type NoiseResult = BenchResult & {
  readonly lines: readonly Row[];
  /** Of one frame of 20 ms. */
  readonly suppressUs: number;
  readonly normaliseUs: number;
  readonly notes: readonly string[];
};

async function run({ phrases }: { readonly phrases: number }, progress: Progress) {
  const costs = { suppressUs: suppressUs(), normaliseUs: normaliseUs() };
  const available = isPocketSphinxAvailable();
  if (!available.ok) {
    const notes = [`nobody to understand anything: ${available.why}`];
    return { bench: "noise", isValid: true, lines: [], ...costs, notes };
  }
  const recognizer = createLocalRecognizer({ scheduler: nodeTime() });
  const rows: Row[] = [];
  for (const [noise, snrDb] of lines) {
    progress(`${noise} noise at ${snrDb} dB`);
    rows.push(await understood(recognizer, { noise, snrDb, phrases }));
  }
  recognizer.close();
  return { bench: "noise", isValid: true, lines: rows, ...costs, notes: [] };
}

async function understood(
  recognizer: Recognizer,
  { noise, snrDb, phrases }: { noise: NoiseKind; snrDb: number; phrases: number },
): Promise<Row> {
  const flite = await createFlite();
  let [answers, asItComes, suppressed] = [0, 0, 0];
  for (const voice of voices) {
    for (const grammar of grammars) {
      for (const said of grammar.slice(0, phrases)) {
        const pcm = await flite.synthesize({ text: said, voice, language: "en-US" });
        const { noisy } = noisyLine({
          voice: resampleWhole({ fromHz: pcm.rateHz, toHz: rateHz, samples: pcm.samples }),
          kind: noise,
          snrDb,
          leadMs,
        });
        answers += 1;
        if ((await heard(recognizer, grammar, noisy)) === said) asItComes += 1;
        if ((await heard(recognizer, grammar, quietened(noisy))) === said) suppressed += 1;
      }
    }
  }
  return { noise, snrDb, answers, asItComes, suppressed };
}

function heard(
  recognizer: Recognizer,
  phrases: readonly string[],
  line: Int16Array,
): Promise<string> {
  return new Promise((resolve) => {
    const grammar = { language: "en-US", phrases };
    const stream = recognizer.open({ grammar, rateHz }, (event) => {
      if (event.kind === "partial") return;
      resolve(event.kind === "final" && !event.isRejected ? event.text : "");
    });
    const samples = line.subarray(((leadMs - heardBeforeMs) * rateHz) / 1000);
    for (let at = 0; at < samples.length; at += frameSamples) {
      stream.write(samples.subarray(at, at + frameSamples));
    }
    stream.finish();
  });
}

function quietened(line: Int16Array): Int16Array {
  const stream = noiseSuppression().create({ rateHz });
  const out = new Int16Array(line.length);
  for (let at = 0; at < line.length; at += frameSamples) {
    out.set(stream.process(line.subarray(at, at + frameSamples)), at);
  }
  stream.close();
  return out;
}

function suppressUs(): number {
  const stream = noiseSuppression().create({ rateHz });
  const cost = usPerFrame((frame) => stream.process(frame));
  stream.close();
  return cost;
}

function normaliseUs(): number {
  const normaliser = new LevelNormaliser({ rateHz });
  return usPerFrame((frame) => normaliser.process(frame));
}

const framesCounted = 1000;

/** CPU of this process, so that what else runs on the machine is not counted. */
function usPerFrame(process_: (frame: Int16Array) => unknown): number {
  const frame = Int16Array.from({ length: frameSamples }, (_, at) => Math.sin(at / 3) * 3000);
  for (let count = 0; count < framesCounted / 5; count += 1) process_(frame);
  const before = process.cpuUsage();
  for (let count = 0; count < framesCounted; count += 1) process_(frame);
  const { user, system } = process.cpuUsage(before);
  return Number(((user + system) / framesCounted).toFixed(1));
}

function format({ lines: rows, suppressUs: us, normaliseUs: levelUs, notes }: NoiseResult): string {
  const text = rows.map(
    ({ noise, snrDb, answers, asItComes, suppressed }) =>
      `  ${noise.padEnd(6)} ${String(snrDb).padStart(2)} dB  understood ${asItComes} as it comes,` +
      ` ${suppressed} suppressed, of ${answers}`,
  );
  const cost =
    `  a frame of 20 ms costs ${us} us to suppress (${(us / 20_000).toFixed(4)} cores a call),` +
    ` ${levelUs} us to normalise`;
  return `${["noise", ...text, cost, ...notes.map((note) => `  ! ${note}`)].join("\n")}\n`;
}

export const noise = defineBench({
  name: "noise",
  question: "what of a noisy line is understood, as it comes and suppressed, and at what cost?",
  options: {
    phrases: { kind: "count", default: 6, min: 1, max: 6, help: "answers of each grammar" },
  },
  run,
  format,
});
