/**
 * What a phone does with the audio it gets: frames wait in a queue and sound one after the other,
 * marks between them report when all before them has sounded, a clear empties the queue.
 *
 * ```
 *   arrives ──▶ [ frame | frame | mark | frame ] ──▶ sounds, each right after the one before
 *                                                    first of a burst: `jitterMs` after it arrived
 * ```
 *
 * Instants are computed, not observed: a frame sounds exactly when the one before it ends, as on a
 * sound card, even if our timer runs late. A frame that comes after the queue ran dry is late, and
 * that is heard as a gap.
 */
import type { Timer } from "../../base/ports.js";
import type { ClientTime, PlayedFrame, ReceivedFrame } from "./media-client.js";

export type PlayoutBufferOptions = {
  readonly time: ClientTime;
  /** How long the first frame of a burst waits, to ride out uneven arrival. */
  readonly jitterMs: number;
  /** More are refused: an engine that floods its caller is at fault. */
  readonly framesMax: number;
  /** A frame begins to sound. */
  played(frame: PlayedFrame): void;
  /** All audio before the mark has sounded. */
  markReached(name: string): void;
};

type Item =
  | { readonly kind: "frame"; readonly frame: ReceivedFrame }
  | { readonly kind: "mark"; readonly name: string; readonly utterance: number };

/** What a clear took away. */
export type Dropped = { readonly frames: number; readonly marks: readonly string[] };

export class PlayoutBuffer {
  readonly #options: PlayoutBufferOptions;
  #queue: Item[] = [];
  #waitingFrames = 0;
  /** End of the frame that sounds or last sounded. */
  #freeMs = -Infinity;
  /** Earliest start of the burst at the queue's head. */
  #burstMs = -Infinity;
  #timer: Timer | undefined;
  #refusedFrames = 0;
  #lateFrames = 0;
  #lastUtterance = 0;
  #isClosed = false;

  constructor(options: PlayoutBufferOptions) {
    this.#options = options;
  }

  /** Frames that did not fit. */
  get refusedFrames(): number {
    return this.#refusedFrames;
  }

  /** Frames that came after the one before had ended: heard as gaps. */
  get lateFrames(): number {
    return this.#lateFrames;
  }

  /** Frames that wait to sound. */
  get waitingFrames(): number {
    return this.#waitingFrames;
  }

  /** Queues a frame; false when the buffer is full. */
  push(frame: ReceivedFrame): boolean {
    if (this.#isClosed) return false;
    this.#advance();
    const { framesMax, jitterMs } = this.#options;
    if (this.#waitingFrames >= framesMax) {
      this.#refusedFrames += 1;
      return false;
    }
    if (this.#waitingFrames === 0 && frame.arrivedMs >= this.#freeMs) {
      // A new utterance begins when it likes; one that goes on has been heard with a gap.
      if (frame.utterance !== 0 && frame.utterance === this.#lastUtterance) this.#lateFrames += 1;
      this.#burstMs = frame.arrivedMs + jitterMs;
    }
    this.#lastUtterance = frame.utterance;
    this.#queue.push({ kind: "frame", frame });
    this.#waitingFrames += 1;
    this.#advance();
    return true;
  }

  /** Queues a mark behind all audio so far. */
  pushMark(name: string, utterance: number): void {
    if (this.#isClosed) return;
    this.#queue.push({ kind: "mark", name, utterance });
    this.#advance();
  }

  /** Drops what waits of utterances up to and including this one; what sounds now ends itself. */
  clear(utterance: number): Dropped {
    this.#advance();
    const dropped = this.#queue.filter((item) => utteranceOf(item) <= utterance);
    this.#queue = this.#queue.filter((item) => utteranceOf(item) > utterance);
    const marks = dropped.flatMap((item) => (item.kind === "mark" ? [item.name] : []));
    const frames = dropped.length - marks.length;
    this.#waitingFrames -= frames;
    this.#advance();
    return { frames, marks };
  }

  /** Forgets the marks that wait: whoever sent them asks again. */
  dropMarks(): void {
    this.#queue = this.#queue.filter(({ kind }) => kind !== "mark");
  }

  /** Stops for good, without a word about what waits. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#queue = [];
    this.#waitingFrames = 0;
  }

  /** Plays everything that is due, then sleeps until the next is. */
  #advance(): void {
    const { time } = this.#options;
    this.#timer?.cancel();
    for (let item = this.#queue[0]; item !== undefined; item = this.#queue[0]) {
      const dueMs = this.#dueMs(item);
      const nowMs = time.nowMs();
      if (dueMs > nowMs) {
        this.#timer?.cancel();
        this.#timer = time.after(dueMs - nowMs, () => this.#advance());
        return;
      }
      this.#queue.shift();
      this.#take(item, dueMs);
    }
  }

  #dueMs(item: Item): number {
    return item.kind === "mark" ? this.#freeMs : Math.max(this.#freeMs, this.#burstMs);
  }

  #take(item: Item, dueMs: number): void {
    if (item.kind === "mark") {
      this.#options.markReached(item.name);
      return;
    }
    this.#waitingFrames -= 1;
    this.#freeMs = dueMs + item.frame.durationMs;
    this.#options.played({ ...item.frame, playedMs: dueMs });
  }
}

function utteranceOf(item: Item): number {
  return item.kind === "mark" ? item.utterance : item.frame.utterance;
}
