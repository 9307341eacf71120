/**
 * The callee's audio on its way to the recorder. Nobody waits for it there, so frames that follow
 * one another go as one: what handing over costs is paid once for five of them.
 *
 *   frames  │ 0 │ 1 │ 2 │ 3 │ 4 │      one piece: where the first lies, when it was read at the
 *            read ─┘ late ┘            latest, by the quickest of them
 */
import type { ActorRef } from "../kernel/index.js";
import { ownFrame, type AudioFrame } from "./audio-frame.js";
import type { RecorderMessage } from "./messages.js";

/** Of audio in one piece. */
const pieceMsMax = 100;
/** Frames that came by so much sooner or later than those before show a pause, or a stall. */
const jitterMsMax = 100;

export class RecordedFrames {
  readonly #bytesPerSample: number;
  readonly #bytesPerMs: number;
  readonly #pieceBytes: number;
  /** Made when it is needed: a leg that is not recorded has none. */
  #bytes: Uint8Array | undefined;
  #filledBytes = 0;
  /** The first frame goes by itself: where the recording begins is to be known at once. */
  #hasBegun = false;
  #mediaSamples = 0;
  #atMs = 0;

  constructor(options: { readonly rateHz: number; readonly bytesPerSample: number }) {
    this.#bytesPerSample = options.bytesPerSample;
    this.#bytesPerMs = (options.rateHz * options.bytesPerSample) / 1000;
    this.#pieceBytes = Math.floor(pieceMsMax * this.#bytesPerMs);
  }

  /** The next frame of the leg; lent to the recorder with others, or alone. */
  hear(frame: AudioFrame, recorder: ActorRef<RecorderMessage> | undefined): void {
    if (recorder === undefined) {
      this.#filledBytes = 0;
      return;
    }
    const { payload } = frame;
    const isLong = 2 * payload.length > this.#pieceBytes;
    if (isLong || !this.#follows(frame)) this.flush(recorder);
    if (isLong) return void recorder.lend(frame, ownFrame);
    const payloadMs = payload.length / this.#bytesPerMs;
    if (this.#filledBytes === 0) {
      this.#mediaSamples = frame.mediaSamples;
      this.#atMs = frame.atMs;
    } else {
      this.#atMs = Math.min(this.#atMs + payloadMs, frame.atMs);
    }
    this.#bytes ??= new Uint8Array(this.#pieceBytes);
    this.#bytes.set(payload, this.#filledBytes);
    this.#filledBytes += payload.length;
    if (this.#filledBytes === this.#pieceBytes || !this.#hasBegun) this.flush(recorder);
  }

  /** Hands over what is gathered. */
  flush(recorder: ActorRef<RecorderMessage> | undefined): void {
    const filled = this.#filledBytes;
    if (filled === 0) return;
    this.#filledBytes = 0;
    this.#hasBegun = true;
    const bytes = this.#bytes!;
    const payload = filled === bytes.length ? bytes : bytes.subarray(0, filled);
    const [mediaSamples, atMs] = [this.#mediaSamples, this.#atMs];
    recorder?.lend({ kind: "audio", payload, mediaSamples, atMs }, ownFrame);
  }

  /** Whether it continues what is gathered, and fits behind it. */
  #follows({ payload, mediaSamples, atMs }: AudioFrame): boolean {
    const filled = this.#filledBytes;
    if (filled === 0) return true;
    if (filled + payload.length > this.#pieceBytes) return false;
    if (mediaSamples !== this.#mediaSamples + filled / this.#bytesPerSample) return false;
    const lateMs = atMs - this.#atMs - payload.length / this.#bytesPerMs;
    return Math.abs(lateMs) <= jitterMsMax;
  }
}
