/** One utterance inside the engine: the audio that waits for its decoder, and what was told. */
import { createResampler, type Resampler } from "../../codecs/audio/resampler.js";
import type { CompiledGrammar } from "./compiled-grammar.js";
import type { Decoder } from "./decoder.js";
import {
  failureData,
  RecognitionError,
  type RecognizerEvent,
  type RecognizerStream,
} from "./recognizer.js";

/** Samples handled without letting others run: 60 ms at 16 kHz, a few ms of work. */
const pieceSamples = 960;
/** The hypothesis is asked for once per so many samples at 16 kHz: every 60 ms. */
const partialSamples = 960;
/** Audio one stream may have waiting: 30 s at 16 kHz. */
const waitingSamplesMax = 30 * 16_000;
/** Audio of one stream altogether: 60 s at 16 kHz; the decoder's memory grows with it. */
const streamSamplesMax = 60 * 16_000;

/** A lease is over. A broken decoder must not be used again. */
export type Ended = {
  readonly stream: EngineStream;
  readonly decoder: Decoder;
  readonly isBroken: boolean;
};

/** What a stream asks of the engine. */
export type StreamOwner = {
  /** There is work: call `work` soon. */
  wake(stream: EngineStream): void;
  ended(ended: Ended): void;
};

/** One utterance: its waiting audio and the decoder it leases. */
export class EngineStream implements RecognizerStream {
  readonly #owner: StreamOwner;
  #listener: ((event: RecognizerEvent) => void) | undefined;
  #decoder: Decoder | undefined;
  #resampler: Resampler | undefined;
  #waiting: Int16Array[] = [];
  #waitingSamples = 0;
  #streamSamples = 0;
  #samplesSincePartial = 0;
  #isFinished = false;
  #last = { text: "", isComplete: false };

  constructor(listener: (event: RecognizerEvent) => void, owner: StreamOwner) {
    this.#listener = listener;
    this.#owner = owner;
  }

  begin(decoder: Decoder, grammar: CompiledGrammar, rateHz: number): void {
    this.#decoder = decoder;
    if (rateHz !== 16_000) this.#resampler = createResampler({ fromHz: rateHz, toHz: 16_000 });
    decoder.start(grammar, rateHz);
  }

  write(samples: Int16Array): void {
    if (this.#decoder === undefined || this.#isFinished || samples.length === 0) return;
    const wide = this.#resampler?.process(samples) ?? samples;
    this.#waiting.push(wide.slice());
    this.#waitingSamples += wide.length;
    this.#streamSamples += wide.length;
    const limit = this.#overLimit();
    if (limit === undefined) this.#owner.wake(this);
    else this.fail(limit);
  }

  finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    if (this.#decoder !== undefined) this.#owner.wake(this);
  }

  cancel(): void {
    this.#listener = undefined;
    this.#release();
  }

  fail(error: unknown): void {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#release(error instanceof RecognitionError && error.code === "RECOGNITION_BROKEN");
    listener?.({ kind: "failed", error: failureData(error) });
  }

  /** Handles one piece; true when there is more to do. */
  work(): boolean {
    if (this.#decoder === undefined) return false;
    try {
      return this.#work(this.#decoder);
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  #work(decoder: Decoder): boolean {
    const piece = this.#takePiece();
    if (piece !== undefined) {
      decoder.process(piece);
      this.#samplesSincePartial += piece.length;
      if (this.#samplesSincePartial >= partialSamples) this.#emitPartial(decoder);
      return this.#waiting.length > 0 || this.#isFinished;
    }
    if (this.#isFinished) this.#emitFinal(decoder);
    return false;
  }

  /** The oldest audio, up to `pieceSamples`. */
  #takePiece(): Int16Array | undefined {
    const first = this.#waiting[0];
    if (first === undefined) return undefined;
    const piece = first.subarray(0, pieceSamples);
    if (piece.length === first.length) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(pieceSamples);
    this.#waitingSamples -= piece.length;
    return piece;
  }

  #emitPartial(decoder: Decoder): void {
    this.#samplesSincePartial = 0;
    const { text, isComplete } = decoder.read();
    if (text === this.#last.text && isComplete === this.#last.isComplete) return;
    this.#last = { text, isComplete };
    this.#listener?.({ kind: "partial", text, isComplete });
  }

  #emitFinal(decoder: Decoder): void {
    decoder.finish();
    const { text, isRejected } = decoder.read();
    const listener = this.#listener;
    this.#listener = undefined;
    this.#decoder = undefined;
    this.#owner.ended({ stream: this, decoder, isBroken: false });
    listener?.({ kind: "final", text: isRejected ? "" : text, isRejected });
  }

  #overLimit(): RecognitionError | undefined {
    const detail = { waitingSamples: this.#waitingSamples, streamSamples: this.#streamSamples };
    if (this.#waitingSamples > waitingSamplesMax) {
      const message = `over ${waitingSamplesMax / 16_000} s of audio wait for the decoder`;
      return new RecognitionError("RECOGNITION_OVERLOADED", message, detail);
    }
    if (this.#streamSamples <= streamSamplesMax) return undefined;
    const message = `over ${streamSamplesMax / 16_000} s of audio in one stream; open a new one`;
    return new RecognitionError("RECOGNITION_TOO_LONG", message, detail);
  }

  /** Gives the decoder back; in mid-utterance that ends the utterance first. */
  #release(isBroken = false): void {
    const decoder = this.#decoder;
    this.#decoder = undefined;
    this.#waiting = [];
    if (decoder === undefined) return;
    let isUsable = !isBroken;
    try {
      if (isUsable) decoder.finish();
    } catch {
      // What cannot end its utterance cannot begin another.
      isUsable = false;
    }
    this.#owner.ended({ stream: this, decoder, isBroken: !isUsable });
  }
}
