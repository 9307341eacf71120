/**
 * Speech that a simulated recogniser can really hear: every 20 ms of µ-law audio carry the number
 * of what is being said, so that dropped, doubled and cut frames mean what they would mean.
 *
 * ```
 *   eight samples:  [ mark ][ seven nibbles of the code, lowest first ]   20 times in a frame
 * ```
 * All of them are loud, and silence is silence: the VAD needs no more than that.
 */
import { decodeMulaw } from "../../codecs/audio/g711.js";
import type { PcmAudio } from "../../speech/tts/synthesizer.js";

export const frameSamples = 160;
export const silenceByte = 0xff;
/** Louder than this is speech. */
export const speechLevel = 1000;

const groupSamples = 8;
const nibbles = groupSamples - 1;
const markByte = 0x10;

/** Decoded µ-law of the bytes 0x00 to 0x10 → the byte. */
const byteOfSample = new Map<number, number>();
{
  const bytes = Uint8Array.from({ length: markByte + 1 }, (_, byte) => byte);
  const samples = new Int16Array(bytes.length);
  decodeMulaw(bytes, samples);
  samples.forEach((sample, byte) => byteOfSample.set(sample, byte));
}
const markSample = [...byteOfSample].find(([, byte]) => byte === markByte)![0];

/** One frame of speech. @param code 28 bits */
export function speechFrame(code: number): Uint8Array {
  const frame = new Uint8Array(frameSamples);
  for (let at = 0; at < frameSamples; at += groupSamples) {
    frame[at] = markByte;
    for (let i = 0; i < nibbles; i += 1) frame[at + 1 + i] = (code >>> (4 * i)) & 15;
  }
  return frame;
}

/**
 * Our own voice: each 20 ms carry a number for the text and their place in it, so that the ear
 * knows what it hears.
 *
 * ```
 *   code:  [ text 14 bits ][ frame 14 bits ]
 * ```
 */
export function voiceOf(text: string): PcmAudio {
  const known = voices.get(text);
  if (known !== undefined) return known;
  const textCode = [...text].reduce((code, letter) => (code * 31 + letter.charCodeAt(0)) % 9973, 1);
  const frames = spokenMs(text) / frameMs;
  const samples = new Int16Array(frames * frameSamples);
  for (let frame = 0; frame < frames; frame += 1) {
    const at = frame * frameSamples;
    decodeMulaw(speechFrame(textCode * placeMax + frame), samples.subarray(at, at + frameSamples));
  }
  const voice = { rateHz: 8000, samples };
  voices.set(text, voice);
  return voice;
}

/** How long `text` takes in our simulated voice. */
export function spokenMs(text: string): number {
  return Math.max(200, Math.ceil((text.length * msPerLetter) / frameMs) * frameMs);
}

/** What a frame of ours says, and where in it we are; undefined for silence and noise. */
export function readVoice(
  samples: Int16Array,
): { readonly text: number; readonly frame: number } | undefined {
  const code = samples[0] === markSample ? readGroup(samples, 0) : undefined;
  if (code === undefined) return undefined;
  return { text: Math.floor(code / placeMax), frame: code % placeMax };
}

const frameMs = 20;
const placeMax = 2 ** 14;
/** Speaks fast, so that a call is short: milliseconds of audio per letter. */
const msPerLetter = 25;
const voices = new Map<string, PcmAudio>();

/** Visits the code of each frame's worth of speech in `samples`. */
export function readSpeech(samples: Int16Array, visit: (code: number) => void): void {
  for (let at = 0; at + groupSamples <= samples.length;) {
    const code = samples[at] === markSample ? readGroup(samples, at) : undefined;
    if (code === undefined) at += 1;
    else {
      visit(code);
      at += frameSamples;
    }
  }
}

function readGroup(samples: Int16Array, at: number): number | undefined {
  let code = 0;
  for (let i = 0; i < nibbles; i += 1) {
    const nibble = byteOfSample.get(samples[at + 1 + i]!);
    if (nibble === undefined || nibble === markByte) return undefined;
    code += nibble * 2 ** (4 * i);
  }
  return code;
}
