/**
 * Chunks of a recording on their way to the store, in order. A chunk that is lost leaves silence of
 * its length: what comes after stays where it belongs.
 */
import type { SharedPages } from "../../base/shared-pages.js";
import type { TimelineChunk } from "./recording-timeline.js";

/** Chunks whose audio waits for the store, so that a store that hangs costs a bounded memory. */
export const backlogMax = 10;
/** How often one chunk is offered to a store that fails, before its audio is given up. */
const attemptsMax = 3;

type Waiting = {
  chunk: TimelineChunk;
  readonly isLast: boolean;
  isGivenUp: boolean;
  /** The store has failed with it: a thread that was given up may read its pages yet. */
  hasFailed: boolean;
};

export class ChunkOutbox {
  readonly #pages: SharedPages;
  readonly #waiting: Waiting[] = [];
  #attempts = 0;
  #nextIndex = 0;
  #storedSamples = 0;

  /** @param pages where the pages of a stored chunk go */
  constructor(pages: SharedPages) {
    this.#pages = pages;
  }

  /** The number of the first chunk that waits. */
  get nextIndex(): number {
    return this.#nextIndex;
  }

  /** Samples of each side that this life stored, silence for lost ones included. */
  get storedSamples(): number {
    return this.#storedSamples;
  }

  /** So many chunks are stored already. */
  goOnBehind(chunks: number): void {
    this.#nextIndex = chunks;
  }

  /** @returns false when the backlog is full: silence takes its place */
  add(chunk: TimelineChunk, isLast: boolean): boolean {
    const held = this.#waiting.filter((waiting) => !waiting.isGivenUp).length;
    const isKept = held < backlogMax || isLast;
    if (!isKept) this.#giveBack(chunk);
    const kept = isKept ? chunk : silenced(chunk);
    this.#waiting.push({ chunk: kept, isLast, isGivenUp: !isKept, hasFailed: false });
    return isKept;
  }

  /** What the store gets next. It stays ours, so that it can be sent again. */
  next(): (TimelineChunk & { readonly isLast: boolean }) | undefined {
    const first = this.#waiting[0];
    return first === undefined ? undefined : { ...first.chunk, isLast: first.isLast };
  }

  /** The first chunk is stored; returns whether it was the last of the recording. */
  stored(): boolean {
    const first = this.#waiting.shift();
    if (first === undefined) return false;
    this.#nextIndex += 1;
    this.#attempts = 0;
    this.#storedSamples += first.chunk.sampleCount;
    if (!first.hasFailed) this.#giveBack(first.chunk);
    return first.isLast;
  }

  /** The store refused the first chunk; returns whether to try again at once. */
  failed(): boolean {
    this.#attempts += 1;
    const first = this.#waiting[0];
    if (first !== undefined) first.hasFailed = true;
    if (this.#attempts < attemptsMax) return true;
    if (first !== undefined) {
      first.chunk = silenced(first.chunk);
      first.isGivenUp = true;
    }
    return false;
  }

  /** The end of the call: whatever waits is tried anew. */
  tryAnew(): void {
    this.#attempts = 0;
  }

  #giveBack({ callee, agent }: TimelineChunk): void {
    if (callee !== undefined) this.#pages.give(callee);
    if (agent !== undefined) this.#pages.give(agent);
  }
}

function silenced({ sampleCount }: TimelineChunk): TimelineChunk {
  return { sampleCount, callee: undefined, agent: undefined };
}
