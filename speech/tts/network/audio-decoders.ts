/**
 * Bodies of audio → samples. Borders of HTTP chunks are not borders of samples, and what is
 * announced is not always what comes: a WAV file is read wherever raw samples were asked for.
 */
import { codecOf, type CodecName } from "../../../codecs/audio/audio-codec.js";
import type { WavAudio } from "../../../codecs/audio/wav.js";
import { createWavStream } from "../../../codecs/audio/wav-stream.js";
import { SynthesisError, type PcmAudio } from "../synthesizer.js";
import type { AudioDecoder } from "./voice-line.js";

/** Raw samples of one codec, without a header. */
export function rawDecoder(codec: CodecName, rateHz: number): AudioDecoder {
  const samplesOf = codecOf(codec);
  const { bytesPerSample } = samplesOf;
  let half: number | undefined;
  return {
    push(bytes) {
      const whole = half === undefined ? bytes : Uint8Array.of(half, ...bytes);
      const count = Math.floor(whole.length / bytesPerSample);
      half = whole.length % bytesPerSample === 0 ? undefined : whole.at(-1);
      if (count === 0) return undefined;
      const samples = new Int16Array(count);
      samplesOf.decode(whole.subarray(0, count * bytesPerSample), samples);
      return { rateHz, samples };
    },
  };
}

/** A WAV file; several channels become one. */
export function wavDecoder(): AudioDecoder {
  const stream = createWavStream();
  return {
    push(bytes) {
      try {
        const audio = stream.push(bytes);
        return audio === undefined ? undefined : mono(audio);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : "unreadable";
        throw new SynthesisError("SYNTHESIS_PROTOCOL", why, {}, { cause });
      }
    },
  };
}

/** Looks at the first bytes: a file, an error in disguise, or what was asked for. */
export function sniffing(expected: AudioDecoder): AudioDecoder {
  let head = new Uint8Array();
  let decoder: AudioDecoder | undefined;
  return {
    push(bytes) {
      if (decoder !== undefined) return decoder.push(bytes);
      head = Uint8Array.from([...head, ...bytes]);
      if (head.length < headBytes) return undefined;
      decoder = decoderFor(head, expected);
      return decoder.push(head);
    },
  };
}

const headBytes = 16;
const compressed = new Map([
  ["ID3", "MP3"],
  ["OggS", "Ogg"],
  ["fLaC", "FLAC"],
]);

function decoderFor(head: Uint8Array, expected: AudioDecoder): AudioDecoder {
  const start = String.fromCharCode(...head.subarray(0, headBytes));
  if (start.startsWith("RIFF")) return wavDecoder();
  const kind = [...compressed].find(([magic]) => start.startsWith(magic))?.[1];
  if (kind !== undefined) throw unreadable(kind);
  // No speech begins like this; a server that says so in a 200 calls it audio.
  if (/^[{<][ -~\s]{15}$/.test(start)) {
    const message = "the vendor sent a text where audio is right";
    throw new SynthesisError("SYNTHESIS_VENDOR", message);
  }
  return expected;
}

/** The decoder for a content type, where it says more than what was asked for. */
export function byContentType(contentType: string, expected: AudioDecoder): AudioDecoder {
  if (/mpeg|mp3|ogg|opus|flac|aac|webm/.test(contentType)) throw unreadable(contentType);
  return sniffing(expected);
}

function unreadable(kind: string): SynthesisError {
  const message = `the vendor sent ${kind.slice(0, 60)}; WAV or plain samples are right`;
  return new SynthesisError("SYNTHESIS_PROTOCOL", message, { kind: kind.slice(0, 60) });
}

/** Several channels become one. */
export function mono({ channels, rateHz, samples }: WavAudio): PcmAudio {
  if (channels === 1) return { rateHz, samples };
  const mixed = new Int16Array(samples.length / channels);
  for (let frame = 0; frame < mixed.length; frame += 1) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel += 1) {
      sum += samples[frame * channels + channel]!;
    }
    mixed[frame] = Math.round(sum / channels);
  }
  return { rateHz, samples: mixed };
}
