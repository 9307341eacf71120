/**
 * Opus: how much less is sent than with G.711 for the same speech, by payload and on the wire, in
 * frames of 20 and of 60 ms, and what a frame costs. With `--wav` one sentence over a link that
 * degrades and recovers is written as it is heard, with the log of the switches.
 */
import { writeFile } from "node:fs/promises";
import { AdaptiveRate } from "../../access/protocols/adaptive-rate.js";
import { nodeTime } from "../../base/node-ports.js";
import { openOpus } from "../../codecs/audio/opus.js";
import { OPUS_RATES, type OpusRate } from "../../codecs/audio/opus-line.js";
import { createResampler } from "../../codecs/audio/resampler.js";
import { encodeWav } from "../../codecs/audio/wav.js";
import { NATIVE_HEADER_BYTES } from "../../codecs/wire/native-v1.js";
import { createFlite } from "../../speech/tts/flite.js";
import { defineBench, type OptionSpecs } from "../support/bench.js";

const options = {
  sentences: { kind: "count", default: 12, min: 1, max: 200, help: "of speech to encode" },
  wav: { kind: "flag", help: "write opus-adaptive.wav and its log" },
} as const satisfies OptionSpecs;

/** G.711: 64 kbit/s, whatever is said (ITU-T G.711). */
const g711BytesPerMs = 8;
/** A WebSocket header: 2 bytes up to 125 bytes of message, then 4 (RFC 6455 section 5.2). */
const webSocketBytes = (message: number): number => (message <= 125 ? 2 : 4);
const format = { codec: "l16", rateHz: 16000 } as const;

const lines = [
  "I am calling about your appointment with Doctor Brown, on Tuesday at half past nine.",
  "You can say yes to confirm it, or no if you would like another time.",
  "Wonderful. We look forward to seeing you. Goodbye.",
] as const;

type Row = {
  readonly kbitPerSecond: number;
  readonly audioRateHz: number;
  readonly frameMs: number;
  readonly payloadBytes: number;
  readonly wireBytes: number;
  readonly lessThanG711Pct: number;
  readonly lessOnWirePct: number;
  readonly encodeUs: number;
  readonly decodeUs: number;
};

type OpusResult = {
  readonly bench: "opus";
  readonly isValid: boolean;
  readonly speechSeconds: number;
  readonly rows: readonly Row[];
  readonly checksum: number;
};

/** Runs it; the same speech for every row. */
export async function opusBench(given: {
  readonly sentences: number;
  readonly wav: boolean;
}): Promise<OpusResult> {
  const speech = await speechOf(given.sentences);
  let checksum = 0;
  const rows = OPUS_RATES.flatMap((rate) =>
    [20, 60].map((frameMs) => {
      const { row, sum } = measure(speech, rate, frameMs);
      checksum = (checksum + sum) % 1_000_000_007;
      return row;
    }),
  );
  if (given.wav) await writeDegraded(speech);
  const isValid = rows.every(({ lessThanG711Pct }) => lessThanG711Pct >= 60);
  return { bench: "opus", isValid, speechSeconds: speech.length / 16_000, rows, checksum };
}

async function speechOf(sentences: number): Promise<Int16Array> {
  const flite = await createFlite();
  const parts: Int16Array[] = [];
  for (let index = 0; index < sentences; index += 1) {
    const text = lines[index % lines.length]!;
    const { samples, rateHz } = await flite.synthesize({ text, voice: "slt", language: "en-US" });
    parts.push(createResampler({ fromHz: rateHz, toHz: 16_000 }).process(samples).slice());
  }
  const all = new Int16Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

function measure(speech: Int16Array, rate: OpusRate, frameMs: number): { row: Row; sum: number } {
  const time = nodeTime();
  const line = openOpus(format, frameMs)!;
  line.setRate(rate);
  const frames = cut(speech, frameMs);
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
  const g711 = g711BytesPerMs * frameMs;
  const g711Wire = NATIVE_HEADER_BYTES + g711 + webSocketBytes(NATIVE_HEADER_BYTES + g711);
  const round = (value: number): number => Math.round(value * 10) / 10;
  return {
    sum,
    row: {
      kbitPerSecond: rate.bitsPerSecond / 1000,
      audioRateHz: rate.audioRateHz,
      frameMs,
      payloadBytes: round(bytes / count),
      wireBytes: round(wire / count),
      lessThanG711Pct: round(100 * (1 - bytes / count / g711)),
      lessOnWirePct: round(100 * (1 - wire / count / g711Wire)),
      encodeUs: round((encodeMs * 1000) / count),
      decodeUs: round((decodeMs * 1000) / count),
    },
  };
}

/** Seconds 4 to 8 every tenth frame is late, as the far end reports it. */
async function writeDegraded(speech: Int16Array): Promise<void> {
  const line = openOpus(format, 20)!;
  const adaptive = new AdaptiveRate(OPUS_RATES.length);
  const heard: Uint8Array[] = [];
  const log: string[] = [];
  cut(speech, 20).forEach((frame, index) => {
    const second = index / 50;
    if (Number.isInteger(second) && second > 0) {
      const isBad = second > 4 && second <= 8;
      const change = adaptive.second({ lateShare: isBad ? 0.1 : 0, queuedMs: 0 });
      if (change !== undefined) {
        const rate = OPUS_RATES[change.level]!;
        line.setRate(rate);
        log.push(JSON.stringify({ atSeconds: second, ...change, ...rate }));
      }
    }
    heard.push(line.decode(line.encode(frame)).slice());
  });
  const bytes = Buffer.concat(heard);
  const samples = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  await writeFile("opus-adaptive.wav", encodeWav({ rateHz: 16_000, channels: 1, samples }));
  await writeFile("opus-adaptive.log", `${log.join("\n")}\n`);
}

function cut(speech: Int16Array, frameMs: number): Uint8Array[] {
  const samples = frameMs * 16;
  return Array.from({ length: Math.floor(speech.length / samples) }, (_, index) => {
    const part = speech.slice(index * samples, (index + 1) * samples);
    return new Uint8Array(part.buffer);
  });
}

export const opus = defineBench({
  name: "opus",
  question: "How much less than G.711 is sent with Opus, and what does a frame cost?",
  options,
  run: (values) => opusBench(values),
  format: ({ rows, speechSeconds, checksum }: OpusResult) =>
    [
      `${speechSeconds.toFixed(1)} s of speech; G.711 has 160 bytes of payload in 20 ms, 480 in 60 ms`,
      "kbit/s  sound Hz  frame ms  payload B  less %  on the wire B  less %  encode µs  decode µs",
      ...rows.map((row) =>
        Object.values(row)
          .map((value, at) => String(value).padStart(at === 0 ? 6 : 9))
          .join(" "),
      ),
      `checksum ${checksum}`,
      "",
    ].join("\n"),
});
