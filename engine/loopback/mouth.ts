/**
 * The callee's side of the line: 20 ms frames without end, speech when there is something to say
 * and a little noise always, as a real line has. Pure but for the noise.
 *
 * A frame that is sent at its deadline was spoken in the 20 ms before: times are told that way.
 */
import type { Rng } from "../../base/ports.js";
import { frameSamples } from "../../codecs/audio/audio-codec.js";
import type { RenderedSpeech } from "./speech-render.js";

const FRAME_MS = 20;
/** Peak of the noise in 16-bit steps: about −73 dBFS, far below any speech. */
const NOISE_PEAK = 12;
const NOISE_S = 1;

/** When an utterance was really spoken, without the silence around it. */
export type SpokenSpan = { readonly startMs: number; readonly endMs: number };

/** An utterance: pieces of speech with silence between. */
export type Utterance = {
  readonly pieces: readonly (RenderedSpeech | { readonly pauseMs: number })[];
  /** The first sample of speech was spoken. */
  started?(startMs: number): void;
  /** The last one was. */
  ended?(span: SpokenSpan): void;
};

export class Mouth {
  readonly #rateHz: number;
  readonly #frame: Int16Array;
  readonly #noise: Int16Array;
  readonly #queue: Playing[] = [];
  #noiseAt = 0;

  constructor(rateHz: number, rng: Rng) {
    this.#rateHz = rateHz;
    this.#frame = new Int16Array(frameSamples(rateHz, FRAME_MS));
    this.#noise = Int16Array.from({ length: rateHz * NOISE_S }, () =>
      Math.round((rng.next() * 2 - 1) * NOISE_PEAK),
    );
  }

  get isSpeaking(): boolean {
    return this.#queue.length > 0;
  }

  /** Says this after what is being said. */
  say(utterance: Utterance): void {
    const playing = layOut(utterance, this.#rateHz);
    if (playing.endSample > 0) this.#queue.push(playing);
  }

  /** The frame to send at `deadlineMs`; valid until the next call. */
  next(deadlineMs: number): Int16Array {
    this.#addNoise();
    const playing = this.#queue[0];
    if (playing !== undefined) this.#addSpeech(playing, deadlineMs - FRAME_MS);
    return this.#frame;
  }

  #addNoise(): void {
    if (this.#noiseAt + this.#frame.length > this.#noise.length) this.#noiseAt = 0;
    this.#frame.set(this.#noise.subarray(this.#noiseAt, this.#noiseAt + this.#frame.length));
    this.#noiseAt += this.#frame.length;
  }

  #addSpeech(playing: Playing, frameStartMs: number): void {
    const { samples, startSample, endSample, utterance } = playing;
    const from = playing.at;
    const count = Math.min(this.#frame.length, samples.length - from);
    for (let i = 0; i < count; i += 1) {
      const sum = this.#frame[i]! + samples[from + i]!;
      this.#frame[i] = sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum;
    }
    playing.at = from + count;
    const atMs = (sample: number): number => frameStartMs + ((sample - from) * 1000) / this.#rateHz;
    if (playing.startMs === undefined && playing.at > startSample) {
      playing.startMs = atMs(startSample);
      utterance.started?.(playing.startMs);
    }
    if (playing.at < endSample) return;
    this.#queue.shift();
    utterance.ended?.({ startMs: playing.startMs!, endMs: atMs(endSample) });
  }
}

type Playing = {
  readonly utterance: Utterance;
  readonly samples: Int16Array;
  /** Where the speech begins and ends in them. */
  readonly startSample: number;
  readonly endSample: number;
  at: number;
  startMs: number | undefined;
};

/** One row of samples of all pieces. Ends with the last spoken sample: the rest is silence. */
function layOut(utterance: Utterance, rateHz: number): Playing {
  const samples: number[] = [];
  let startSample = -1;
  let endSample = 0;
  for (const piece of utterance.pieces) {
    if ("pauseMs" in piece) {
      const pauseSamples = Math.round((piece.pauseMs * rateHz) / 1000);
      // A pause is measured between spoken samples, so the edges of the speech make part of it.
      samples.length = Math.max(endSample, 0);
      for (let i = 0; i < pauseSamples; i += 1) samples.push(0);
      continue;
    }
    const at = samples.length;
    for (const sample of piece.samples) samples.push(sample);
    if (startSample < 0) startSample = at + piece.startSample;
    endSample = at + piece.endSample;
  }
  return {
    utterance,
    samples: Int16Array.from(samples.slice(0, endSample)),
    startSample: Math.max(startSample, 0),
    endSample,
    at: 0,
    startMs: undefined,
  };
}
