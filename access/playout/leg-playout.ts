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
 *
 * What was sent can be lost with the connection. So an utterance is kept until it was heard, and
 * can be taken back frame by frame: prompts whole, streamed speech as far as its frames are kept.
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

/** Frames of an utterance that will be sent again. */
export type TakenBack = {
  readonly utterance: number;
  readonly frames: number;
  readonly isStreamed: boolean;
};

/** One frame to be sent. */
export type TakenFrame = {
  utterance: number;
  /** With it the utterance begins to sound. */
  isFirst: boolean;
  /** Of streamed speech, not of a prompt. */
  isStreamed: boolean;
  bytes: Uint8Array;
};

/** Streamed frames kept after they were sent: a second or two, in case they were lost. */
const keptFramesMax = 100;

type Utterance = {
  readonly number: number;
  /** Whole frames of a prompt by reference; undefined for streamed speech. */
  readonly prompt: Uint8Array | undefined;
  /** Streamed frames: those sent and still kept, then those that wait. */
  readonly stream: Uint8Array[];
  /** How many at the head of `stream` are sent. */
  keptFrames: number;
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
  /** Sent to their end and not heard yet, oldest first. */
  readonly #sent: Utterance[] = [];
  readonly #taken: TakenFrame = {
    utterance: 0,
    isFirst: false,
    isStreamed: false,
    bytes: new Uint8Array(),
  };
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
    if (waitingFrames(entry) >= this.#streamFramesMax || frame.length !== this.frameBytes) {
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

  /** Frames that are here and not sent yet. */
  get unsentFrames(): number {
    const frames = this.#queue.map((entry) => this.#unsentOf(entry));
    return frames.reduce((sum, one) => sum + one, 0);
  }

  /** Drops every utterance up to and including `utterance`. */
  clear(utterance: number): PlaybackEnd[] {
    this.#clearedUpTo = Math.max(this.#clearedUpTo, utterance);
    const dropped = this.#queue.filter(({ number }) => number <= utterance);
    const kept = this.#queue.filter(({ number }) => number > utterance);
    this.#queue.splice(0, this.#queue.length, ...kept);
    for (const { number } of [...this.#sent]) if (number <= utterance) this.settle(number);
    return dropped.map((entry) => endOf(entry, "cleared"));
  }

  /** Drops every utterance behind `utterance`; none of them has begun to sound. */
  dropBehind(utterance: number): void {
    const kept = this.#queue.filter(({ number }) => number <= utterance);
    this.#queue.splice(0, this.#queue.length, ...kept);
  }

  /** Whether a frame can be sent now. */
  get hasFrame(): boolean {
    const current = this.#queue[0];
    return current !== undefined && current.isOpened && this.#unsentOf(current) > 0;
  }

  /**
   * The next frame; `bytes` are valid until the utterance is dropped, the object until the next
   * one is taken. Undefined when there is none to be sent now.
   */
  take(nowMs: number): TakenFrame | undefined {
    if (!this.hasFrame) return undefined;
    const current = this.#queue[0]!;
    const taken = this.#taken;
    taken.utterance = current.number;
    taken.isFirst = current.startedAtMs === undefined;
    taken.isStreamed = current.prompt === undefined;
    current.startedAtMs ??= nowMs;
    const offset = current.sentFrames * this.frameBytes;
    current.sentFrames += 1;
    taken.bytes =
      current.prompt === undefined
        ? takeStreamed(current)
        : current.prompt.subarray(offset, offset + this.frameBytes);
    return taken;
  }

  /** Takes the current utterance away once all of it is sent. */
  takeCompleted(): PlaybackEnd | undefined {
    const current = this.#queue[0];
    if (current === undefined || this.hasFrame || !current.isClosed) return undefined;
    this.#queue.shift();
    if (current.sentFrames > 0) this.#sent.push(current);
    return endOf(current, "completed");
  }

  /** An utterance that was sent has been heard: it is not needed any more. */
  settle(utterance: number): void {
    const index = this.#sent.findIndex(({ number }) => number === utterance);
    if (index !== -1) this.#sent.splice(index, 1);
  }

  /**
   * Takes back what was sent last: it will be sent again.
   *
   * @param frames how many, over all utterances; what is not kept any more stays sent
   * @returns how many frames of each utterance were taken back, newest first
   */
  takeBack(frames: number): TakenBack[] {
    const taken: TakenBack[] = [];
    let left = frames;
    for (const entry of [this.#queue[0], ...[...this.#sent].reverse()]) {
      if (entry === undefined || left === 0) continue;
      const canFrames = entry.prompt === undefined ? entry.keptFrames : entry.sentFrames;
      const count = Math.min(left, canFrames);
      // Behind frames that are not kept there is no going back.
      left = count < entry.sentFrames ? 0 : left - count;
      if (count === 0) continue;
      entry.sentFrames -= count;
      entry.keptFrames = Math.max(0, entry.keptFrames - count);
      const isStreamed = entry.prompt === undefined;
      taken.push({ utterance: entry.number, frames: count, isStreamed });
      if (entry === this.#queue[0]) continue;
      this.settle(entry.number);
      this.#queue.unshift(entry);
    }
    return taken;
  }

  /** Streamed frames that did not fit. */
  get refusedFrames(): number {
    return this.#refusedFrames;
  }

  #unsentOf(entry: Utterance): number {
    const { prompt, sentFrames } = entry;
    return prompt === undefined
      ? waitingFrames(entry)
      : prompt.length / this.frameBytes - sentFrames;
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
  return {
    number,
    prompt,
    stream: [],
    keptFrames: 0,
    isOpened: isPrompt,
    isClosed: isPrompt,
    sentFrames: 0,
    startedAtMs: undefined,
  };
}

function waitingFrames({ stream, keptFrames }: Utterance): number {
  return stream.length - keptFrames;
}

/** Forgets the oldest of those that were sent in packs: cheaper than one by one. */
function takeStreamed(entry: Utterance): Uint8Array {
  if (entry.keptFrames >= 2 * keptFramesMax) {
    entry.stream.splice(0, keptFramesMax);
    entry.keptFrames -= keptFramesMax;
  }
  return entry.stream[entry.keptFrames++]!;
}

function endOf(entry: Utterance, reason: PlaybackEnd["reason"]): PlaybackEnd {
  const { number: utterance, sentFrames } = entry;
  return { utterance, reason, sentFrames, unsentFrames: waitingFrames(entry) };
}
