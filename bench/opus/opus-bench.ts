/**
 * Opus: how much less is sent than with G.711 for the same speech, by payload and on the wire, in
 * packets of 20, 40 and 60 ms, and what a packet costs. With `--wav` a call over a link that gets
 * narrow and wide again is written as it is heard at either end, with the log of the switches, and
 * recognised, sentence by sentence, where there is a recogniser. With `--words` the same sentences
 * are recognised by each rate and by G.711.
 */
import { writeFile } from "node:fs/promises";
import { nodeTime } from "../../base/node-ports.js";
import { openOpus } from "../../codecs/audio/opus.js";
import { OPUS_RATES, type OpusRate } from "../../codecs/audio/opus-line.js";
import { resampleWhole } from "../../codecs/audio/resampler.js";
import { encodeWav } from "../../codecs/audio/wav.js";
import { NATIVE_HEADER_BYTES } from "../../codecs/wire/native-v1.js";
import { createLocalRecognizer } from "../../speech/asr/local-recognizer.js";
import { isPocketSphinxAvailable } from "../../speech/asr/pocketsphinx.js";
import { createFlite } from "../../speech/tts/flite.js";
import { defineBench, type OptionSpecs } from "../support/bench.js";
import { understoodLine, understoodOfEach, type Understood } from "./understood.js";
import { passThrough, type Direction, type Passage } from "./bad-link.js";

const options = {
  sentences: { kind: "count", default: 12, min: 1, max: 200, help: "of speech to encode" },
  wav: { kind: "flag", help: "write opus-to-client.wav, opus-to-engine.wav and their logs" },
  words: { kind: "flag", help: "what is understood of each rate, and of G.711" },
} as const satisfies OptionSpecs;

/** G.711: 64 kbit/s, whatever is said (ITU-T G.711). */
const g711BytesPerMs = 8;
/** A WebSocket header: 2 bytes up to 125 bytes of message, then 4 (RFC 6455 section 5.2). */
const webSocketBytes = (message: number): number => (message <= 125 ? 2 : 4);
const rateHz = 16_000;
const format = { codec: "l16", rateHz } as const;

const lines = [
  "I am calling about your appointment with Doctor Brown, on Tuesday at half past nine.",
  "You can say yes to confirm it, or no if you would like another time.",
  "Wonderful. We look forward to seeing you. Goodbye.",
] as const;

type Row = {
  readonly kbitPerSecond: number;
  readonly audioRateHz: number;
  readonly packetMs: number;
  readonly payloadBytes: number;
  readonly wireBytes: number;
  readonly lessThanG711Pct: number;
  readonly lessOnWirePct: number;
  readonly encodeUs: number;
  readonly decodeUs: number;
};

/** What came of a call over a bad link, in one direction. */
type Passed = {
  readonly name: string;
  readonly switches: readonly { atSeconds: number; level: number; why: string }[];
  readonly gapsMs: number;
  readonly queuedMsMax: number;
  readonly sentences: number;
  /** Left out where there is no recogniser. */
  readonly understood?: number;
};

type OpusResult = {
  readonly bench: "opus";
  readonly isValid: boolean;
  readonly speechSeconds: number;
  readonly rows: readonly Row[];
  /** Only with `--wav`. */
  readonly passed: readonly Passed[];
  /** Only with `--words`, where there is a recogniser. */
  readonly understood: readonly Understood[];
  readonly checksum: number;
};

/** Runs it; the same speech for every row. */
export async function opusBench(given: {
  readonly sentences: number;
  readonly wav: boolean;
  readonly words: boolean;
}): Promise<OpusResult> {
  const speech = await speechOf(given.sentences);
  let checksum = 0;
  const rows = OPUS_RATES.flatMap((rate) =>
    [20, 40, 60].map((packetMs) => {
      const { row, sum } = measure(speech.samples, rate, packetMs);
      checksum = (checksum + sum) % 1_000_000_007;
      return row;
    }),
  );
  const passed = given.wav
    ? [await overBadLink(speech, "out"), await overBadLink(speech, "in")]
    : [];
  const isValid =
    rows.every(({ lessThanG711Pct }) => lessThanG711Pct >= 60) &&
    // But the one in which the link got narrow.
    passed.every(({ sentences, understood = sentences }) => understood >= sentences - 1);
  const speechSeconds = speech.samples.length / rateHz;
  const understood = given.words ? await understoodOfEach(given.sentences) : [];
  return { bench: "opus", isValid, speechSeconds, rows, passed, understood, checksum };
}

type Sentence = { readonly text: string; readonly from: number; readonly to: number };
/** `from` and `to` are samples. */
type Speech = { readonly samples: Int16Array; readonly sentences: readonly Sentence[] };

async function speechOf(sentenceCount: number): Promise<Speech> {
  const flite = await createFlite();
  const parts: Int16Array[] = [];
  const sentences: Sentence[] = [];
  let from = 0;
  for (let index = 0; index < sentenceCount; index += 1) {
    const text = lines[index % lines.length]!;
    const spoke = await flite.synthesize({ text, voice: "slt", language: "en-US" });
    const { samples, rateHz: voiceHz } = spoke;
    const spoken = resampleWhole({ fromHz: voiceHz, toHz: rateHz, samples });
    // Whole frames, so that a sentence begins with one.
    const part = new Int16Array(Math.ceil(spoken.length / 320) * 320);
    part.set(spoken);
    parts.push(part);
    sentences.push({ text, from, to: from + part.length });
    from += part.length;
  }
  const all = new Int16Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return { samples: all, sentences };
}

function measure(speech: Int16Array, rate: OpusRate, packetMs: number): { row: Row; sum: number } {
  const time = nodeTime();
  const line = openOpus(format, 20)!;
  line.setRate(rate);
  const frames = cut(speech, packetMs);
  let [bytes, wire, sum, encodeMs, decodeMs] = [0, 0, 0, 0, 0];
  for (const frame of frames) {
    const startMs = time.nowMs();
    const packet = line.encode(frame);
    const encodedMs = time.nowMs();
    line.decode(packet);
    decodeMs += time.nowMs() - encodedMs;
    encodeMs += encodedMs - startMs;
    const message = NATIVE_HEADER_BYTES + packet.length;
    bytes += packet.length;
    wire += message + webSocketBytes(message);
    sum = (sum * 31 + packet.length) % 1_000_000_007;
  }
  const count = frames.length;
  const g711 = g711BytesPerMs * packetMs;
  const g711Wire = NATIVE_HEADER_BYTES + g711 + webSocketBytes(NATIVE_HEADER_BYTES + g711);
  const round = (value: number): number => Math.round(value * 10) / 10;
  return {
    sum,
    row: {
      kbitPerSecond: rate.bitsPerSecond / 1000,
      audioRateHz: rate.audioRateHz,
      packetMs,
      payloadBytes: round(bytes / count),
      wireBytes: round(wire / count),
      lessThanG711Pct: round(100 * (1 - bytes / count / g711)),
      lessOnWirePct: round(100 * (1 - wire / count / g711Wire)),
      encodeUs: round((encodeMs * 1000) / count),
      decodeUs: round((decodeMs * 1000) / count),
    },
  };
}

/** What came through a link that was too narrow for a third of the time. */
async function overBadLink(speech: Speech, direction: Direction): Promise<Passed> {
  const lengthMs = (speech.samples.length * 1000) / rateHz;
  const link = { fromMs: lengthMs / 6, toMs: lengthMs / 2, narrowBps: 22_000, wideBps: 256_000 };
  const passage = passThrough(speech.samples, link, direction);
  const { heard: samples, log, gapsMs, queuedMsMax } = passage;
  const name = direction === "out" ? "opus-to-client" : "opus-to-engine";
  await writeFile(`${name}.wav`, encodeWav({ rateHz, channels: 1, samples }));
  await writeFile(`${name}.log`, log.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const words = await recognised(speech, passage);
  const switches = log.map(({ atSeconds, level, why }) => ({ atSeconds, level, why }));
  return { name, switches, gapsMs, queuedMsMax, ...words };
}

/** How many of the sentences a recogniser understands in what came through. */
async function recognised(speech: Speech, passage: Passage) {
  const { sentences } = speech;
  if (!isPocketSphinxAvailable().ok) return { sentences: sentences.length };
  const recognizer = createLocalRecognizer({ scheduler: nodeTime() });
  const grammar = { language: "en-US", phrases: [...lines] };
  let understood = 0;
  for (const { text, from, to } of sentences) {
    const samples = passage.part(from, to);
    const heard = await new Promise<string>((resolve) => {
      const stream = recognizer.open({ grammar, rateHz }, (event) => {
        if (event.kind === "final") resolve(event.text);
        if (event.kind === "failed") resolve(event.error.message);
      });
      stream.write(samples);
      stream.finish();
    });
    if (heard === text) understood += 1;
  }
  recognizer.close();
  return { sentences: sentences.length, understood };
}

function cut(speech: Int16Array, frameMs: number): Uint8Array[] {
  const samples = frameMs * 16;
  return Array.from({ length: Math.floor(speech.length / samples) }, (_, index) => {
    const part = speech.slice(index * samples, (index + 1) * samples);
    return new Uint8Array(part.buffer);
  });
}

function passedLine({
  name,
  switches,
  gapsMs,
  queuedMsMax,
  sentences,
  understood,
}: Passed): string {
  const rates = switches.map(({ atSeconds, level }) => `${level} at ${atSeconds.toFixed(1)} s`);
  const words = understood === undefined ? "not recognised here" : `${understood} of ${sentences}`;
  return (
    `${name}.wav: rate ${rates.join(", ")}; at most ${queuedMsMax} ms behind, ${gapsMs} ms of gaps; ` +
    `sentences understood: ${words}`
  );
}

export const opus = defineBench({
  name: "opus",
  question: "How much less than G.711 is sent with Opus, and what does a frame cost?",
  options,
  run: (values) => opusBench(values),
  format: ({ rows, passed, understood, speechSeconds, checksum }: OpusResult) =>
    [
      `${speechSeconds.toFixed(1)} s of speech; G.711 has 160 bytes of payload in 20 ms, 480 in 60 ms`,
      "kbit/s  sound Hz packet ms  payload B  less %  on the wire B  less %  encode µs  decode µs",
      ...rows.map((row) =>
        Object.values(row)
          .map((value, at) => String(value).padStart(at === 0 ? 6 : 9))
          .join(" "),
      ),
      ...passed.map(passedLine),
      ...understood.map(understoodLine),
      `checksum ${checksum}`,
      "",
    ].join("\n"),
});
