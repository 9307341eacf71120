/** What all mock voices speak with: tone words, as samples and as files. */
import { encodeWav, encodeWavHeader } from "../../../codecs/audio/wav.js";
import { encodeL16 } from "../../../codecs/audio/l16.js";
import { speakTones, toneWords } from "../../asr/testing/tone-words.js";

/** Words it knows, in order; whatever else stands in the text is not spoken. */
export function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
  return words.filter((word) => toneWords.includes(word));
}

/** Samples of a text; `leadMs` of silence before it, as real voices have it. */
export function spoken(text: string, rateHz: number, leadMs = 100): Int16Array {
  const speech = speakTones(wordsOf(text), rateHz);
  const lead = new Int16Array((leadMs * rateHz) / 1000);
  return Int16Array.from([...lead, ...speech]);
}

export function l16Bytes(samples: Int16Array): Buffer {
  const bytes = Buffer.alloc(samples.length * 2);
  encodeL16(samples, bytes);
  return bytes;
}

/** Stereo at 22.05 kHz with a chunk of somebody's before the data: allowed, and not asked for. */
export function oddWav(text: string): Buffer {
  const mono = spoken(text, 22_050);
  const stereo = Int16Array.from([...mono].flatMap((sample) => [sample, sample]));
  const whole = Buffer.from(encodeWav({ channels: 2, rateHz: 22_050, samples: stereo }));
  const list = Buffer.from("LIST\x05\x00\x00\x00abcde\x00", "latin1");
  return Buffer.concat([whole.subarray(0, 36), list, whole.subarray(36)]);
}

/** Mono WAV whose sizes are not known, as a stream has them. */
export function streamedWav(text: string, rateHz: number): Buffer {
  const header = encodeWavHeader({ channels: 1, rateHz });
  return Buffer.concat([header, l16Bytes(spoken(text, rateHz))]);
}
