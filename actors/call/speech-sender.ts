/**
 * Streamed speech of one leg on its way to the gateway: resampled, encoded, cut into frames, and
 * sent on credit, so that neither the ring nor the gateway ever holds more than it said it would.
 */
import { streamCreditFrames } from "../../base/stream-credit.js";
import { codecOf, type AudioCodec } from "../../codecs/audio/audio-codec.js";
import { createResampler, type Resampler } from "../../codecs/audio/resampler.js";
import type { PcmAudio } from "../../speech/tts/synthesizer.js";
import type { Leg, MediaLink } from "./cast-ports.js";

type Waiting =
  | { readonly kind: "frame"; readonly utterance: number; readonly frame: Uint8Array }
  | { readonly kind: "sentenceEnd" | "end"; readonly utterance: number };

/** A sentence that comes in pieces. */
type Sentence = {
  readonly utterance: number;
  readonly fromHz: number;
  /** Undefined where the rates are equal. */
  readonly resampler: Resampler | undefined;
  /** Less than a frame. */
  rest: Int16Array;
};

export class SpeechSender {
  readonly #leg: Leg;
  readonly #media: MediaLink;
  readonly #codec: AudioCodec;
  readonly #frameSamples: number;
  #queue: Waiting[] = [];
  #credit = streamCreditFrames;
  /** The first utterance it was given: older ones were streamed by a life before this one. */
  #firstUtterance = Number.POSITIVE_INFINITY;

  #sentence: Sentence | undefined;
  /** Samples of the newest utterance so far, in whole frames. */
  #given = { utterance: 0, samples: 0 };
  readonly #chunkTaken: (utterance: number) => void;

  /** @param chunkTaken called when the last frame of a sentence has left: there is room for more */
  constructor(leg: Leg, media: MediaLink, chunkTaken: (utterance: number) => void) {
    this.#leg = leg;
    this.#media = media;
    this.#chunkTaken = chunkTaken;
    this.#codec = codecOf(leg.format.codec);
    this.#frameSamples = leg.frameBytes / this.#codec.bytesPerSample;
  }

  /**
   * Takes the next samples of an utterance; what is no whole frame waits for more.
   *
   * @returns the bytes as they are sent, for the recording; whole frames, never changed again
   */
  add(utterance: number, { rateHz, samples }: PcmAudio): Uint8Array {
    this.#firstUtterance = Math.min(this.#firstUtterance, utterance);
    const isSame = this.#sentence?.utterance === utterance && this.#sentence.fromHz === rateHz;
    // Another voice may go on at another rate.
    const before = isSame ? new Uint8Array() : this.#flush(false);
    const sentence = (this.#sentence ??= this.#begin(utterance, rateHz));
    const spoken = sentence.resampler?.process(samples) ?? samples;
    return joined(before, this.#pass(sentence, spoken));
  }

  /** The sentence is whole: its last frame is filled up with silence. @returns as of `add` */
  endSentence(utterance: number): Uint8Array {
    const bytes = this.#flush(true);
    this.#queue.push({ kind: "sentenceEnd", utterance });
    this.#send();
    return bytes;
  }

  /** How much speech of the utterance it was given. */
  positionMs(utterance: number): number {
    const isOpen = this.#sentence?.utterance === utterance;
    const whole = this.#given.utterance === utterance ? this.#given.samples : 0;
    const samples = whole + (isOpen ? this.#sentence!.rest.length : 0);
    return (samples * 1000) / this.#leg.format.rateHz;
  }

  /** Says that the utterance is complete, after all of its frames. */
  end(utterance: number): void {
    this.#queue.push({ kind: "end", utterance });
    this.#send();
  }

  /** Forgets what waits of utterances ≤ `utterance`. */
  clear(utterance: number): void {
    this.#queue = this.#queue.filter((waiting) => waiting.utterance > utterance);
    if (this.#sentence !== undefined && this.#sentence.utterance <= utterance) {
      this.#sentence = undefined;
    }
  }

  /** Another gateway has the leg: nothing waits, and nothing is outstanding. */
  renew(): void {
    this.#queue = [];
    this.#credit = streamCreditFrames;
  }

  /** The gateway played, or dropped, so many frames of the utterance. */
  addCredit(frames: number, utterance: number): void {
    // What a life before this one had outstanding comes back too: it is not ours.
    if (utterance < this.#firstUtterance) return;
    this.#credit = Math.min(streamCreditFrames, this.#credit + frames);
    this.#send();
  }

  #begin(utterance: number, fromHz: number): Sentence {
    const toHz = this.#leg.format.rateHz;
    const resampler = fromHz === toHz ? undefined : createResampler({ fromHz, toHz });
    return { utterance, fromHz, resampler, rest: new Int16Array() };
  }

  /** Sends what is still held of the open sentence. */
  #flush(isFilledUp: boolean): Uint8Array {
    const sentence = this.#sentence;
    this.#sentence = undefined;
    if (sentence === undefined) return new Uint8Array();
    const tail = sentence.resampler?.flush() ?? new Int16Array();
    const bytes = this.#pass(sentence, tail);
    if (sentence.rest.length === 0 || !isFilledUp) return bytes;
    const silence = new Int16Array(this.#frameSamples - sentence.rest.length);
    return joined(bytes, this.#pass(sentence, silence));
  }

  /** Encodes and sends whole frames; keeps the rest. */
  #pass(sentence: Sentence, samples: Int16Array): Uint8Array {
    const { frameBytes } = this.#leg;
    const whole = new Int16Array(sentence.rest.length + samples.length);
    whole.set(sentence.rest);
    whole.set(samples, sentence.rest.length);
    const count = Math.floor(whole.length / this.#frameSamples);
    sentence.rest = whole.slice(count * this.#frameSamples);
    const bytes = new Uint8Array(count * frameBytes);
    this.#codec.encode(whole.subarray(0, count * this.#frameSamples), bytes);
    const { utterance } = sentence;
    const before = this.#given.utterance === utterance ? this.#given.samples : 0;
    this.#given = { utterance, samples: before + count * this.#frameSamples };
    for (let offset = 0; offset < bytes.length; offset += frameBytes) {
      const frame = bytes.subarray(offset, offset + frameBytes);
      this.#queue.push({ kind: "frame", utterance, frame });
    }
    this.#send();
    return bytes;
  }

  #send(): void {
    let sent = 0;
    for (const waiting of this.#queue) {
      const { utterance } = waiting;
      if (waiting.kind === "frame") {
        if (this.#credit === 0) break;
        this.#credit -= 1;
        this.#media.streamFrame(this.#leg.slot, utterance, waiting.frame);
      } else if (waiting.kind === "sentenceEnd") this.#chunkTaken(utterance);
      else this.#media.endStream(this.#leg.slot, utterance);
      sent += 1;
    }
    this.#queue.splice(0, sent);
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
