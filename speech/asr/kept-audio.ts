/**
 * The audio of an utterance that nobody has settled yet, to be heard again when a recogniser is
 * lost. Bounded: beyond the limit the oldest goes, and what is left is no whole utterance.
 *
 *        settled, dropped        kept, block by block
 *     ├────────────────────┼──────┬──────┬──────┬───┤
 *     0                  fromMs                     toMs
 */

/** Half a second at 8 kHz: a short answer takes a block or two. */
const blockSamples = 4000;

/**
 * Blocks that nobody uses. An utterance comes every few seconds on every call: its memory is used
 * again while it is in the cache, and the collector, which counts such memory, has nothing to do.
 */
const spareBlocks: Int16Array[] = [];
const spareMax = 128;

export class KeptAudio {
  readonly #rateHz: number;
  readonly #samplesMax: number;
  readonly #blocks: Int16Array[] = [];
  /** Sample at which the first block begins. */
  #start = 0;
  /** Sample before which nothing is needed. */
  #from = 0;
  #to = 0;
  #isWhole = true;

  constructor(options: { readonly rateHz: number; readonly msMax: number }) {
    this.#rateHz = options.rateHz;
    this.#samplesMax = (options.msMax * options.rateHz) / 1000;
  }

  /** Everything since the last `dropBefore` is still here. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** How much is kept. */
  get keptMs(): number {
    return ((this.#to - this.#from) * 1000) / this.#rateHz;
  }

  /** Takes a copy. */
  write(samples: Int16Array): void {
    for (let at = 0; at < samples.length;) {
      const used = (this.#to - this.#start) % blockSamples;
      if (used === 0) this.#blocks.push(spareBlocks.pop() ?? new Int16Array(blockSamples));
      const room = blockSamples - used;
      // Nearly every piece fits whole, and needs no view.
      const isWhole = at === 0 && samples.length <= room;
      const part = isWhole ? samples : samples.subarray(at, at + room);
      this.#blocks.at(-1)!.set(part, used);
      this.#to += part.length;
      at += part.length;
    }
    if (this.#to - this.#from <= this.#samplesMax) return;
    this.#isWhole = false;
    this.#drop(this.#to - this.#samplesMax);
  }

  /** What lies before `atMs` of the utterance is not needed any more. */
  dropBefore(atMs: number): void {
    const at = Math.min(this.#to, Math.round((atMs * this.#rateHz) / 1000));
    if (at <= this.#from) return;
    this.#isWhole = true;
    this.#drop(at);
  }

  /** Hands out all that is kept, in order; what is handed out is only valid during the call. */
  replay(take: (samples: Int16Array) => void): void {
    this.#blocks.forEach((block, index) => {
      const start = this.#start + index * blockSamples;
      const from = Math.max(0, this.#from - start);
      const to = Math.min(blockSamples, this.#to - start);
      if (to > from) take(block.subarray(from, to));
    });
  }

  /** Nothing of it is needed any more. */
  clear(): void {
    this.#drop(this.#to);
    const last = this.#blocks.pop();
    if (last !== undefined) giveBack(last);
    this.#start = this.#to;
  }

  #drop(at: number): void {
    this.#from = at;
    while (this.#blocks.length > 0 && this.#start + blockSamples <= at) {
      giveBack(this.#blocks.shift()!);
      this.#start += blockSamples;
    }
  }
}

function giveBack(block: Int16Array): void {
  if (spareBlocks.length < spareMax) spareBlocks.push(block);
}
