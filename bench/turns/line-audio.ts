/**
 * How the scripts sound on a telephone line: 8 kHz, speech at −20 dBFS, over the faint noise of a
 * quiet line or over room noise 15 dB below the speech. The truth about a clip, where its speech
 * begins and ends, is exact to the sample.
 *
 * Synthesized once per machine: pieces are kept in a folder of the system's for temporary files.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeMulaw, encodeMulaw } from "../../codecs/audio/g711.js";
import { normaliseLevel } from "../../codecs/audio/level.js";
import { resampleWhole } from "../../codecs/audio/resampler.js";
import { findSpeech } from "../../speech/prompts/speech-edges.js";
import { createFlite } from "../../speech/tts/flite.js";
import type { SpeechRenderer } from "../../speech/tts/synthesizer.js";
import { chanceOf } from "./chance.js";
import type { CallerVoice, LineQuality, Part } from "./script.js";

export const rateHz = 8000;
export const frameSamples = 160;
export const speechDbfs = -20;
/** Of the noisy line: 15 dB below the speech. */
const noiseDbfs = -35;
/** Units of a line on which nobody speaks. */
const quietPeak = 3;
/** Noise is repeated after so long. */
const noiseSeconds = 8;

/** A clip for one line: whole frames of μ-law, and where the speech lies in it. */
export type SpokenClip = {
  readonly audio: Uint8Array;
  readonly onsetSample: number;
  readonly endSample: number;
};

/** Words of one voice, from their first to their last sound; at the voice's own level. */
export async function createVoiceBox(): Promise<
  (text: string, voice: string, pace: number) => Promise<Int16Array>
> {
  const folder = join(tmpdir(), "voxtree-bench-speech-1");
  await mkdir(folder, { recursive: true });
  let flite: Promise<SpeechRenderer> | undefined;
  const known = new Map<string, Promise<Int16Array>>();
  const render = async (text: string, voice: string, speed: number): Promise<Int16Array> => {
    flite ??= createFlite();
    const pcm = await (await flite).synthesize({ text, voice, language: "en-US", speed });
    const samples = resampleWhole({ fromHz: pcm.rateHz, toHz: rateHz, samples: pcm.samples });
    const span = findSpeech(samples, rateHz);
    if (span === undefined) throw new Error(`${voice} makes no sound of "${text}"`);
    return samples.slice(span.start, span.end);
  };
  const keep = async (key: string, make: () => Promise<Int16Array>): Promise<Int16Array> => {
    const file = join(folder, createHash("sha256").update(key).digest("hex").slice(0, 24));
    const stored = await readFile(file).catch(() => undefined);
    if (stored !== undefined) return new Int16Array(Uint8Array.from(stored).buffer);
    const samples = await make();
    await writeFile(file, new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
    return samples;
  };
  return (text, voice, pace) => {
    const key = JSON.stringify([text, voice, pace]);
    const speech = known.get(key) ?? keep(key, () => render(text, voice, pace));
    known.set(key, speech);
    return speech;
  };
}

export type VoiceBox = Awaited<ReturnType<typeof createVoiceBox>>;

/** One utterance in one voice, at the level of speech, without any line. */
export async function speakParts(
  voiceBox: VoiceBox,
  parts: readonly Part[],
  manner: { readonly voice: CallerVoice; readonly pace: number },
): Promise<Int16Array> {
  const pieces: Int16Array[] = [];
  for (const part of parts) {
    pieces.push(
      "pauseMs" in part
        ? new Int16Array((part.pauseMs * rateHz) / 1000)
        : await voiceBox(part.text, manner.voice, manner.pace),
    );
  }
  return normaliseLevel({ samples: joined(pieces), rateHz }, { targetDbfs: speechDbfs });
}

/** Puts sound on a line. `gainDb` is on top of what it has. */
export function onLine(
  samples: Int16Array,
  line: LineQuality,
  { gainDb = 0, noiseFrom = 0 } = {},
): SpokenClip {
  const count = Math.ceil(samples.length / frameSamples) * frameSamples;
  const gain = 10 ** (gainDb / 20);
  const noise = noiseOf(line);
  const mixed = Int16Array.from({ length: count }, (_, at) => {
    const sum = (samples[at] ?? 0) * gain + noise[(noiseFrom + at) % noise.length]!;
    return Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  });
  return { audio: mulawOf(mixed), onsetSample: 0, endSample: samples.length };
}

/** What the line sounds like while nobody speaks. */
export function emptyLine(line: LineQuality): Uint8Array {
  return mulawOf(Int16Array.from(noiseOf(line)));
}

export function mulawOf(samples: Int16Array): Uint8Array {
  const audio = new Uint8Array(samples.length);
  encodeMulaw(samples, audio);
  return audio;
}

export function samplesOf(audio: Uint8Array): Int16Array {
  const samples = new Int16Array(audio.length);
  decodeMulaw(audio, samples);
  return samples;
}

const noises = new Map<LineQuality, Float64Array>();

function noiseOf(line: LineQuality): Float64Array {
  const noise = noises.get(line) ?? makeNoise(line);
  noises.set(line, noise);
  return noise;
}

/** Pink noise, as of a street behind a window; on the clean line white and barely there. */
function makeNoise(line: LineQuality): Float64Array {
  const chance = chanceOf(`noise of the ${line} line`);
  const count = noiseSeconds * rateHz;
  const white = (): number => chance.next() * 2 - 1;
  if (line === "clean") return Float64Array.from({ length: count }, () => white() * quietPeak);
  // Paul Kellet's economy filter: within 0.5 dB of −3 dB an octave.
  const state = [0, 0, 0];
  const noise = Float64Array.from({ length: count }, () => {
    const input = white();
    state[0] = 0.99765 * state[0]! + input * 0.099046;
    state[1] = 0.963 * state[1]! + input * 0.2965164;
    state[2] = 0.57 * state[2]! + input * 1.0526913;
    return state[0] + state[1] + state[2] + input * 0.1848;
  });
  const power = noise.reduce((sum, value) => sum + value * value, 0) / count;
  const gain = (32_768 * 10 ** (noiseDbfs / 20)) / Math.sqrt(power);
  return noise.map((value) => value * gain);
}

function joined(pieces: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
