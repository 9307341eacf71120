/**
 * Streamed speech of one leg on its way to the gateway: resampled, encoded, cut into frames, and
 * sent on credit, so that neither the ring nor the gateway ever holds more than it said it would.
 */
import { streamCreditFrames } from "../../base/stream-credit.js";
import { codecOf, type AudioCodec } from "../../codecs/audio/audio-codec.js";
import { createResampler } from "../../codecs/audio/resampler.js";
import type { PcmAudio } from "../../speech/tts/synthesizer.js";
import type { Leg, MediaLink } from "./cast-ports.js";

type Waiting = {
  readonly utterance: number;
  /** Undefined: the utterance is complete here. */
  readonly frame: Uint8Array | undefined;
  readonly endsChunk: boolean;
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

  readonly #chunkTaken: (utterance: number) => void;

  /** @param chunkTaken called when the last frame of a chunk has left: there is room for another */
  constructor(leg: Leg, media: MediaLink, chunkTaken: (utterance: number) => void) {
    this.#leg = leg;
    this.#media = media;
    this.#chunkTaken = chunkTaken;
    this.#codec = codecOf(leg.format.codec);
    this.#frameSamples = leg.frameBytes / this.#codec.bytesPerSample;
  }

  /**
   * Takes one chunk of an utterance; the last frame is filled up with silence.
   *
   * @returns the bytes as they are sent, for the recording; whole frames, never changed again
   */
  add(utterance: number, audio: PcmAudio): Uint8Array {
    this.#firstUtterance = Math.min(this.#firstUtterance, utterance);
    const { frameBytes } = this.#leg;
    const spoken = this.#atLegRate(audio);
    const frames = Math.ceil(spoken.length / this.#frameSamples);
    const bytes = new Uint8Array(frames * frameBytes).fill(this.#codec.silence);
    this.#codec.encode(spoken, bytes);
    for (let offset = 0; offset < bytes.length; offset += frameBytes) {
      const endsChunk = offset + frameBytes === bytes.length;
      const frame = bytes.subarray(offset, offset + frameBytes);
      this.#queue.push({ utterance, frame, endsChunk });
    }
    this.#send();
    return bytes;
  }

  /** Says that the utterance is complete, after all of its frames. */
  end(utterance: number): void {
    this.#queue.push({ utterance, frame: undefined, endsChunk: false });
    this.#send();
  }

  /** Forgets what waits of utterances ≤ `utterance`. */
  clear(utterance: number): void {
    this.#queue = this.#queue.filter((waiting) => waiting.utterance > utterance);
  }

  /** The gateway played, or dropped, so many frames of the utterance. */
  addCredit(frames: number, utterance: number): void {
    // What a life before this one had outstanding comes back too: it is not ours.
    if (utterance < this.#firstUtterance) return;
    this.#credit = Math.min(streamCreditFrames, this.#credit + frames);
    this.#send();
  }

  #send(): void {
    let sent = 0;
    for (const { utterance, frame, endsChunk } of this.#queue) {
      if (frame === undefined) this.#media.endStream(this.#leg.slot, utterance);
      else if (this.#credit === 0) break;
      else {
        this.#credit -= 1;
        this.#media.streamFrame(this.#leg.slot, utterance, frame);
      }
      if (endsChunk) this.#chunkTaken(utterance);
      sent += 1;
    }
    this.#queue.splice(0, sent);
  }

  #atLegRate({ rateHz, samples }: PcmAudio): Int16Array {
    if (rateHz === this.#leg.format.rateHz) return samples;
    const resampler = createResampler({ fromHz: rateHz, toHz: this.#leg.format.rateHz });
    return resampler.process(samples).slice();
  }
}
