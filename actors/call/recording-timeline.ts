/**
 * Lays both sides of a call on one timeline: left the callee as received, right the agent as it was
 * heard. Pure: positions are samples since the start, and what lies further back than the horizon
 * comes out as whole chunks.
 *
 * ```
 *   base            base + chunk                         window end
 *    │── next chunk ──│───────── may still change ─────────│
 * ```
 */
import { interleaveStereo } from "../../codecs/audio/mix.js";

export type Channel = "callee" | "agent";

export class RecordingTimeline {
  readonly #chunkSamples: number;
  readonly #windowSamples: number;
  readonly #channels: Readonly<Record<Channel, Int16Array>>;
  #base = 0;
  #end = 0;
  #lateSamples = 0;

  /**
   * @param chunkSamples samples per channel of one chunk
   * @param windowSamples how much is held, at least two chunks
   */
  constructor(chunkSamples: number, windowSamples: number) {
    this.#chunkSamples = chunkSamples;
    this.#windowSamples = windowSamples;
    this.#channels = {
      callee: new Int16Array(windowSamples),
      agent: new Int16Array(windowSamples),
    };
  }

  /** Samples per channel that have come out or are held. */
  get endSample(): number {
    return this.#end;
  }

  /** Samples that came too late, or from too far ahead, to be recorded. */
  get lateSamples(): number {
    return this.#lateSamples;
  }

  /** Puts `samples` at `atSample`, over what is there. */
  place(channel: Channel, atSample: number, samples: Int16Array): void {
    const from = Math.max(atSample, this.#base);
    const to = Math.min(atSample + samples.length, this.#base + this.#windowSamples);
    this.#lateSamples += samples.length - Math.max(0, to - from);
    if (to <= from) return;
    const part = samples.subarray(from - atSample, to - atSample);
    this.#channels[channel].set(part, from - this.#base);
    this.#end = Math.max(this.#end, to);
  }

  /**
   * Takes the next chunk, when all of it lies before `horizonSample`.
   *
   * @returns interleaved stereo, a fresh buffer, or undefined
   */
  takeChunk(horizonSample: number): Int16Array | undefined {
    if (this.#base + this.#chunkSamples > horizonSample) return undefined;
    return this.#take(this.#chunkSamples);
  }

  /** Takes everything that is left, at most one window. */
  takeRest(): Int16Array {
    return this.#take(Math.max(0, this.#end - this.#base));
  }

  #take(samples: number): Int16Array {
    const { callee, agent } = this.#channels;
    const out = new Int16Array(samples * 2);
    interleaveStereo(callee.subarray(0, samples), agent.subarray(0, samples), out);
    for (const channel of [callee, agent]) {
      channel.copyWithin(0, samples);
      channel.fill(0, this.#windowSamples - samples);
    }
    this.#base += samples;
    this.#end = Math.max(this.#end, this.#base);
    return out;
  }
}
