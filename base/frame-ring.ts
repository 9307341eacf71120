/**
 * Single-producer single-consumer ring of audio frames in shared memory: how frames pass between
 * the gateway and a shard without a message per frame.
 *
 * ```
 *  control words (Int32)                                 data (bytesMax, a multiple of 8)
 * ┌──────┬──────┬──────────┬───────┬───────────┬──────┐ ┌──────────┬──────────┬──────┬─────────┐
 * │ head │ tail │ sleeping │ drops │incarnation│ base │ │ record   │ record   │ skip │  free   │
 * └──────┴──────┴──────────┴───────┴───────────┴──────┘ └──────────┴──────────┴──────┴─────────┘
 *  head: bytes ever written, tail: bytes ever read, both modulo 2^32 (the size divides it)
 *  base: the position that lies at the beginning of the data
 *  record: slot u32 · length u32 · sequence u32 · flags u32 · mediaSamples f64 · atMs f64 ·
 *          payload, padded to 8
 * ```
 *
 * A full ring refuses the new frame and counts it: the consumer owns the old ones. The reader may
 * go to sleep; the first write after that tells the writer to ring the doorbell (a message).
 *
 * A ring is as long as the longest pause it must bridge, and nearly always nearly empty. A writer
 * that finds it empty begins again at its beginning, so that only memory that was needed once is
 * ever touched, and what is touched stays in the cache.
 */
import { assert } from "./assert.js";
import { EngineError } from "./errors.js";

const controlWords = 8;
const controlBytes = controlWords * 4;
const recordHeaderBytes = 32;
/** `length` of a record that only fills the end of the buffer. */
const skipLength = 0xffffffff;
const [headWord, tailWord, sleepingWord, dropsWord, incarnationWord, writtenWord, baseWord] = [
  0, 1, 2, 3, 4, 5, 6,
];
/** So far from the beginning the writer looks whether it can go back to it. */
const rewindBytes = 64 * 1024;

/** Lengths of frame that a reader has a buffer for: there are as many as formats of audio. */
const buffersMax = 32;

/** What one frame carries besides its payload. */
export type FrameHead = {
  /** Leg the frame belongs to, as agreed between gateway and shard. */
  slot: number;
  /** Inbound: the peer's sequence number. Outbound: the utterance number. */
  sequence: number;
  flags: number;
  /** Media time of the first sample, in samples of the stream. */
  mediaSamples: number;
  /** Monotonic time the frame was read from its socket, or made. */
  atMs: number;
};

/** A frame as the reader sees it. Reused between frames: copy what must outlive the call. */
export type FrameView = FrameHead & { payload: Uint8Array };

/** Frames written and refused since the ring was made. */
export type RingCounters = { readonly written: number; readonly dropped: number };

/**
 * @param options.bytes size of the data part, a power of two
 * @param options.incarnation which life of the shard the ring belongs to
 * @throws {EngineError} `RING_SIZE`
 */
export function createFrameRing(options: {
  readonly bytes: number;
  readonly incarnation: number;
}): SharedArrayBuffer {
  const { bytes, incarnation } = options;
  if (!Number.isInteger(Math.log2(bytes)) || bytes < 1024 || bytes > 2 ** 30) {
    throw new EngineError(
      "RING_SIZE",
      `a ring of ${bytes} bytes: give a power of two from 1024 to ${2 ** 30}`,
      { bytes },
    );
  }
  const memory = new SharedArrayBuffer(controlBytes + bytes);
  new Int32Array(memory, 0, controlWords)[incarnationWord] = incarnation;
  return memory;
}

/** How full a ring is, 0 to 1, seen by whoever holds its memory. */
export function ringFill(memory: SharedArrayBuffer): number {
  const control = new Int32Array(memory, 0, controlWords);
  const waiting = (Atomics.load(control, headWord) - Atomics.load(control, tailWord)) >>> 0;
  return waiting / (memory.byteLength - controlBytes);
}

/** Bytes one frame takes in the ring. */
export function recordBytes(payloadBytes: number): number {
  return recordHeaderBytes + ((payloadBytes + 7) & ~7);
}

/** The producer's end. */
export class FrameRingWriter {
  readonly incarnation: number;
  readonly #control: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #floats: Float64Array;
  readonly #capacity: number;
  readonly #rewindBytes: number;
  #base: number;

  constructor(memory: SharedArrayBuffer) {
    this.#capacity = memory.byteLength - controlBytes;
    this.#rewindBytes = Math.min(rewindBytes, this.#capacity / 4);
    this.#control = new Int32Array(memory, 0, controlWords);
    this.#base = this.#control[baseWord]! >>> 0;
    this.#bytes = new Uint8Array(memory, controlBytes);
    this.#words = new Uint32Array(memory, controlBytes);
    this.#floats = new Float64Array(memory, controlBytes);
    this.incarnation = this.#control[incarnationWord]!;
  }

  /**
   * Copies a frame in; the caller keeps `payload`.
   *
   * @returns false when there is no room: the frame is dropped and counted
   */
  write(head: FrameHead, payload: Uint8Array): boolean {
    const needed = recordBytes(payload.length);
    assert(needed <= this.#capacity / 2, "a frame fits in half the ring", { needed });
    const start = this.#control[headWord]! >>> 0;
    const used = (start - (Atomics.load(this.#control, tailWord) >>> 0)) >>> 0;
    const offset = this.#offsetOf(start, used === 0);
    const toEnd = this.#capacity - offset;
    const skipped = toEnd < needed ? toEnd : 0;
    if (used + skipped + needed > this.#capacity) {
      Atomics.add(this.#control, dropsWord, 1);
      return false;
    }
    if (skipped > 0) this.#words[(offset >> 2) + 1] = skipLength;
    this.#put(skipped > 0 ? 0 : offset, head, payload);
    this.#control[writtenWord]! += 1;
    Atomics.store(this.#control, headWord, (start + skipped + needed) | 0);
    return true;
  }

  /** Whether the reader sleeps and must be woken by a message. True once per sleep. */
  takeDoorbell(): boolean {
    // Nearly always awake, which a load tells for less.
    if (Atomics.load(this.#control, sleepingWord) === 0) return false;
    return Atomics.compareExchange(this.#control, sleepingWord, 1, 0) === 1;
  }

  counters(): RingCounters {
    return {
      written: this.#control[writtenWord]! >>> 0,
      dropped: Atomics.load(this.#control, dropsWord) >>> 0,
    };
  }

  /**
   * Where the record at that position goes. In an empty ring the base may move: the reader looks at
   * it only when it has seen a newer head, and the ring is not empty again before it is done.
   */
  #offsetOf(position: number, isEmpty: boolean): number {
    const behindBase = (position - this.#base) >>> 0;
    if (!isEmpty || behindBase < this.#rewindBytes) return behindBase % this.#capacity;
    this.#base = position;
    Atomics.store(this.#control, baseWord, position | 0);
    return 0;
  }

  #put(offset: number, head: FrameHead, payload: Uint8Array): void {
    const word = offset >> 2;
    this.#words[word] = head.slot;
    this.#words[word + 1] = payload.length;
    this.#words[word + 2] = head.sequence;
    this.#words[word + 3] = head.flags;
    this.#floats[(offset >> 3) + 2] = head.mediaSamples;
    this.#floats[(offset >> 3) + 3] = head.atMs;
    this.#bytes.set(payload, offset + recordHeaderBytes);
  }
}

/** The consumer's end. */
export class FrameRingReader {
  readonly incarnation: number;
  readonly #control: Int32Array;
  readonly #words: Uint32Array;
  readonly #floats: Float64Array;
  readonly #capacity: number;
  readonly #view: FrameView;
  /** The payload that is visited, out of the ring: memory of our own copies many times faster. */
  #payload = new Uint8Array(0);
  #payloadWords = new Uint32Array(0);
  readonly #buffers = new Map<number, Uint32Array<ArrayBuffer>>();

  constructor(memory: SharedArrayBuffer) {
    this.#capacity = memory.byteLength - controlBytes;
    this.#control = new Int32Array(memory, 0, controlWords);
    this.#words = new Uint32Array(memory, controlBytes);
    this.#floats = new Float64Array(memory, controlBytes);
    this.incarnation = this.#control[incarnationWord]!;
    const payload = this.#payload;
    this.#view = { slot: 0, sequence: 0, flags: 0, mediaSamples: 0, atMs: 0, payload };
  }

  /**
   * Visits up to `framesMax` waiting frames, oldest first, and frees their room afterwards. The
   * view and its payload are valid during the visit only.
   *
   * @returns frames visited
   */
  drain(visit: (frame: FrameView) => void, framesMax: number): number {
    const head = Atomics.load(this.#control, headWord) >>> 0;
    let tail = this.#control[tailWord]! >>> 0;
    if (tail === head) return 0;
    // Not before the head: the writer moves it while the ring is empty.
    const base = Atomics.load(this.#control, baseWord) >>> 0;
    let count = 0;
    while (tail !== head && count < framesMax) {
      const offset = ((tail - base) >>> 0) % this.#capacity;
      const length = this.#words[(offset >> 2) + 1]!;
      if (length === skipLength) {
        tail = (tail + this.#capacity - offset) >>> 0;
      } else {
        // The room is freed even if the visitor throws: a poisonous frame is not met twice.
        tail = (tail + recordBytes(length)) >>> 0;
        count += 1;
        try {
          visit(this.#read(offset, length));
        } catch (error) {
          Atomics.store(this.#control, tailWord, tail | 0);
          throw error;
        }
      }
    }
    Atomics.store(this.#control, tailWord, tail | 0);
    return count;
  }

  /** Bytes waiting, padding included. */
  get waitingBytes(): number {
    return ((Atomics.load(this.#control, headWord) - this.#control[tailWord]!) | 0) >>> 0;
  }

  /**
   * Asks the writer for a doorbell before the next frame is left lying.
   *
   * @returns false when frames came in meanwhile: the reader stays awake and drains on
   */
  sleep(): boolean {
    Atomics.store(this.#control, sleepingWord, 1);
    if (this.waitingBytes === 0) return true;
    Atomics.store(this.#control, sleepingWord, 0);
    return false;
  }

  /** Frames the writer had to refuse, since the ring was made. */
  get droppedCount(): number {
    return Atomics.load(this.#control, dropsWord) >>> 0;
  }

  #read(offset: number, length: number): FrameView {
    const word = offset >> 2;
    const view = this.#view;
    view.slot = this.#words[word]!;
    view.sequence = this.#words[word + 2]!;
    view.flags = this.#words[word + 3]!;
    view.mediaSamples = this.#floats[(offset >> 3) + 2]!;
    view.atMs = this.#floats[(offset >> 3) + 3]!;
    view.payload = this.#takePayload(word + recordHeaderBytes / 4, length);
    return view;
  }

  #takeBuffer(length: number): void {
    const words = this.#buffers.get(length) ?? new Uint32Array((length + 3) >> 2);
    if (this.#buffers.size >= buffersMax) this.#buffers.clear();
    this.#buffers.set(length, words);
    this.#payloadWords = words;
    this.#payload = new Uint8Array(words.buffer, 0, length);
  }

  #takePayload(fromWord: number, length: number): Uint8Array {
    // Frames of a leg are of one length, and nearly all legs are alike.
    if (length !== this.#payload.length) this.#takeBuffer(length);
    const [from, into] = [this.#words, this.#payloadWords];
    for (let word = 0; word < into.length; word += 1) into[word] = from[fromWord + word]!;
    return this.#payload;
  }
}
