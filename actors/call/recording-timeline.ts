/**
 * Lays both sides of a call on one timeline: left the callee as received, right the agent as it was
 * heard. Pure: positions are samples since the start, and what lies further back than the horizon
 * comes out as whole chunks, in the codec it came in.
 *
 * ```
 *   base            base + chunk                         window end
 *    │── next chunk ──│───────── may still change ─────────│
 *    │    page 0      │    page 1      │  …                │   a page is made when it is written
 * ```
 */
import type { SharedPages } from "../../base/shared-pages.js";
import type { AudioCodec } from "../../codecs/audio/audio-codec.js";

export type Channel = "callee" | "agent";

/** One stretch of both sides. A side that was silent throughout has no bytes. */
export type TimelineChunk = {
  /** Of each side. */
  readonly sampleCount: number;
  readonly callee: Uint8Array | undefined;
  readonly agent: Uint8Array | undefined;
};

type Page = { callee: Uint8Array | undefined; agent: Uint8Array | undefined };

export class RecordingTimeline {
  readonly #codec: AudioCodec;
  readonly #memory: SharedPages;
  readonly #chunkSamples: number;
  readonly #windowSamples: number;
  #pages: Page[] = [];
  #base = 0;
  #end = 0;
  #lateSamples = 0;

  /**
   * @param options.pages whence the page of a chunk comes, and where it goes when it stays here
   * @param options.chunkSamples samples per channel of one chunk
   * @param options.windowSamples how far ahead of the next chunk audio is taken: whole chunks
   */
  constructor(options: {
    readonly codec: AudioCodec;
    readonly pages: SharedPages;
    readonly chunkSamples: number;
    readonly windowSamples: number;
  }) {
    this.#codec = options.codec;
    this.#memory = options.pages;
    this.#chunkSamples = options.chunkSamples;
    this.#windowSamples = options.windowSamples;
  }

  /** Samples per channel that have come out or are held. */
  get endSample(): number {
    return this.#end;
  }

  /** Samples that came too late, or from too far ahead, to be recorded. */
  get lateSamples(): number {
    return this.#lateSamples;
  }

  /** Puts a copy of `audio`, whole samples, at `atSample`, over what is there. */
  place(channel: Channel, atSample: number, audio: Uint8Array): void {
    const { bytesPerSample } = this.#codec;
    const count = audio.length / bytesPerSample;
    const from = Math.max(atSample, this.#base);
    const to = Math.min(atSample + count, this.#base + this.#windowSamples);
    this.#lateSamples += count - Math.max(0, to - from);
    for (let sample = from; sample < to;) {
      const inWindow = sample - this.#base;
      const offset = inWindow % this.#chunkSamples;
      const next = Math.min(to, sample + this.#chunkSamples - offset);
      const first = (sample - atSample) * bytesPerSample;
      const isWhole = next - sample === count;
      const part = isWhole
        ? audio
        : audio.subarray(first, first + (next - sample) * bytesPerSample);
      const page = this.#page(channel, (inWindow - offset) / this.#chunkSamples);
      page.set(part, offset * bytesPerSample);
      sample = next;
    }
    this.#end = Math.max(this.#end, to);
  }

  /** Takes the next chunk, when all of it lies before `horizonSample`, out of our hands. */
  takeChunk(horizonSample: number): TimelineChunk | undefined {
    if (this.#base + this.#chunkSamples > horizonSample) return undefined;
    const { callee, agent } = this.#pages.shift() ?? emptyPage();
    this.#base += this.#chunkSamples;
    this.#end = Math.max(this.#end, this.#base);
    return { sampleCount: this.#chunkSamples, callee, agent };
  }

  /** Takes everything that is left, at most one window. */
  takeRest(): TimelineChunk {
    const sampleCount = Math.max(0, this.#end - this.#base);
    const callee = this.#joined("callee", sampleCount);
    const agent = this.#joined("agent", sampleCount);
    for (const page of this.#pages) this.#giveBack(page);
    this.#pages = [];
    this.#base += sampleCount;
    return { sampleCount, callee, agent };
  }

  #page(channel: Channel, index: number): Uint8Array {
    while (this.#pages.length <= index) this.#pages.push(emptyPage());
    const page = this.#pages[index]!;
    // By name: a field by a variable is looked up anew for every frame.
    if (channel === "callee") return (page.callee ??= this.#silentPage());
    return (page.agent ??= this.#silentPage());
  }

  #giveBack({ callee, agent }: Page): void {
    if (callee !== undefined) this.#memory.give(callee);
    if (agent !== undefined) this.#memory.give(agent);
  }

  #joined(channel: Channel, sampleCount: number): Uint8Array | undefined {
    if (this.#pages.every((page) => page[channel] === undefined)) return undefined;
    const { bytesPerSample, silence } = this.#codec;
    const joined = new Uint8Array(sampleCount * bytesPerSample).fill(silence);
    const pageBytes = this.#chunkSamples * bytesPerSample;
    this.#pages.forEach((page, index) => {
      const from = index * pageBytes;
      const bytes = page[channel]?.subarray(0, joined.length - from);
      if (bytes !== undefined) joined.set(bytes, from);
    });
    return joined;
  }

  #silentPage(): Uint8Array {
    const { bytesPerSample, silence } = this.#codec;
    return this.#memory.take(this.#chunkSamples * bytesPerSample, silence);
  }
}

function emptyPage(): Page {
  return { callee: undefined, agent: undefined };
}
