/**
 * What one leg plays: utterances in order, cut into frames. Pure: the wheel says when a frame is
 * due and this says which one.
 *
 * ```
 *  utterances:  [ 7: prompt, frame 31 of 80 ]  [ 8: stream, 12 frames waiting, open ]
 *                 ^ the current one
 *  clear(7) drops 7 and all that is older, also frames of 7 that arrive later
 * ```
 *
 * Frames and commands come by two ways that have no common order. So utterances are queued by
 * number, and frames that are here before their stream was opened wait until it is.
 */
import { assert } from "../../base/assert.js";

/** Where an utterance stands when it is over. */
export type PlaybackEnd = {
  readonly utterance: number;
  readonly reason: "completed" | "cleared";
  /** Audio sent so far. How much of it was heard, the clock or a mark says. */
  readonly sentFrames: number;
  /** Streamed frames that were waiting, and are dropped with it. */
  readonly unsentFrames: number;
};

type Utterance = {
  readonly number: number;
  /** Whole frames of a prompt by reference; undefined for streamed speech. */
  readonly prompt: Uint8Array | undefined;
  readonly stream: Uint8Array[];
  /** All that comes before it is known: it may sound. */
  isOpened: boolean;
  /** No more frames will be added. */
  isClosed: boolean;
  sentFrames: number;
  startedAtMs: number | undefined;
};

export class LegPlayout {
  readonly frameBytes: number;
  readonly #streamFramesMax: number;
  readonly #queue: Utterance[] = [];
  #clearedUpTo = 0;
  #refusedFrames = 0;

  /** @param options.streamFramesMax bound of streamed frames waiting; more are refused, counted */
  constructor(options: { readonly frameBytes: number; readonly streamFramesMax: number }) {
    this.frameBytes = options.frameBytes;
    this.#streamFramesMax = options.streamFramesMax;
  }

  /**
   * Queues a rendered prompt, held by reference.
   *
   * @param audio whole frames in the codec of the leg
   * @returns false when the utterance was cleared before it came
   */
  addPrompt(utterance: number, audio: Uint8Array): boolean {
    assert(audio.length % this.frameBytes === 0, "a prompt is whole frames", {
      bytes: audio.length,
      frameBytes: this.frameBytes,
    });
    if (utterance <= this.#clearedUpTo) return false;
    this.#insert(newUtterance(utterance, audio));
    return true;
  }

  /** Keeps the place of an utterance whose frames will come: what is queued later waits for it. */
  openStream(utterance: number): void {
    if (utterance > this.#clearedUpTo) this.#streamOf(utterance).isOpened = true;
  }

  /**
   * Queues one frame of streamed speech; copies it. It sounds once the stream is opened or closed.
   *
   * @returns false when it was overtaken by a clear, or does not fit the bound
   */
  addFrame(utterance: number, frame: Uint8Array): boolean {
    if (utterance <= this.#clearedUpTo) return false;
    const entry = this.#streamOf(utterance);
    if (entry.stream.length >= this.#streamFramesMax || frame.length !== this.frameBytes) {
      this.#refusedFrames += 1;
      return false;
    }
    entry.stream.push(frame.slice());
    return true;
  }

  /** Says that streamed speech is complete. */
  closeStream(utterance: number): void {
    if (utterance <= this.#clearedUpTo) return;
    const entry = this.#streamOf(utterance);
    entry.isOpened = true;
    entry.isClosed = true;
  }

  /** Numbers of the utterances that wait or sound, oldest first, and whether each will end. */
  get waiting(): readonly { readonly utterance: number; readonly isClosed: boolean }[] {
    return this.#queue.map(({ number: utterance, isClosed }) => ({ utterance, isClosed }));
  }

  /** Drops every utterance up to and including `utterance`. */
  clear(utterance: number): PlaybackEnd[] {
    this.#clearedUpTo = Math.max(this.#clearedUpTo, utterance);
    const dropped = this.#queue.filter(({ number }) => number <= utterance);
    const kept = this.#queue.filter(({ number }) => number > utterance);
    this.#queue.splice(0, this.#queue.length, ...kept);
    return dropped.map((entry) => endOf(entry, "cleared"));
  }

  /** Whether a frame can be sent now. */
  get hasFrame(): boolean {
    const current = this.#queue[0];
    if (current === undefined || !current.isOpened) return false;
    return current.prompt !== undefined
      ? current.sentFrames * this.frameBytes < current.prompt.length
      : current.stream.length > 0;
  }

  /** The utterance that is up, if any, and whether it is sounding already. */
  get current(): { readonly utterance: number; readonly isStarted: boolean } | undefined {
    const current = this.#queue[0];
    if (current === undefined) return undefined;
    return { utterance: current.number, isStarted: current.startedAtMs !== undefined };
  }

  /** The next frame, valid until the utterance is dropped. Call only when `hasFrame`. */
  takeFrame(nowMs: number): Uint8Array {
    const current = this.#queue[0]!;
    current.startedAtMs ??= nowMs;
    const offset = current.sentFrames * this.frameBytes;
    current.sentFrames += 1;
    if (current.prompt === undefined) return current.stream.shift()!;
    return current.prompt.subarray(offset, offset + this.frameBytes);
  }

  /** Takes the current utterance away once all of it is sent. */
  takeCompleted(): PlaybackEnd | undefined {
    const current = this.#queue[0];
    if (current === undefined || this.hasFrame || !current.isClosed) return undefined;
    return endOf(this.#queue.shift()!, "completed");
  }

  /** Whether an utterance that waits or sounds is streamed. */
  isStream(utterance: number): boolean {
    return this.#queue.some((entry) => entry.number === utterance && entry.prompt === undefined);
  }

  /** Streamed frames that did not fit. */
  get refusedFrames(): number {
    return this.#refusedFrames;
  }

  #streamOf(utterance: number): Utterance {
    const known = this.#queue.find((entry) => entry.number === utterance);
    if (known !== undefined) return known;
    const entry = newUtterance(utterance, undefined);
    this.#insert(entry);
    return entry;
  }

  /** By number, but never before what sounds already. */
  #insert(entry: Utterance): void {
    const after = this.#queue.findIndex(
      ({ number, startedAtMs }) => number > entry.number && startedAtMs === undefined,
    );
    this.#queue.splice(after === -1 ? this.#queue.length : after, 0, entry);
  }
}

function newUtterance(number: number, prompt: Uint8Array | undefined): Utterance {
  const isPrompt = prompt !== undefined;
  const state = { isOpened: isPrompt, isClosed: isPrompt, sentFrames: 0, startedAtMs: undefined };
  return { number, prompt, stream: [], ...state };
}

function endOf(entry: Utterance, reason: PlaybackEnd["reason"]): PlaybackEnd {
  const { number: utterance, sentFrames, stream } = entry;
  return { utterance, reason, sentFrames, unsentFrames: stream.length };
}
