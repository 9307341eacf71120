/**
 * The callee's own recording of a call: left what it said, right what it heard, both where they
 * sounded. Kept in memory until the call is over (64 kB a second at 16 kHz).
 */
import { writeFile } from "node:fs/promises";
import { interleaveStereo } from "../../codecs/audio/mix.js";
import { encodeWav } from "../../codecs/audio/wav.js";

/** Longer calls are cut: the recording serves to check scripts. */
const DURATION_S_MAX = 600;

export class CallRecording {
  readonly #rateHz: number;
  readonly #startMs: number;
  #said = new Int16Array(0);
  #heard = new Int16Array(0);
  #samples = 0;

  constructor(rateHz: number, startMs: number) {
    this.#rateHz = rateHz;
    this.#startMs = startMs;
    this.#said = new Int16Array(rateHz * 10);
    this.#heard = new Int16Array(rateHz * 10);
  }

  /** The callee said this, beginning at `atMs`. */
  said(samples: Int16Array, atMs: number): void {
    const at = this.#place(samples, atMs);
    if (at !== undefined) this.#said.set(samples, at);
  }

  /** The callee heard this, beginning at `atMs`. */
  heard(samples: Int16Array, atMs: number): void {
    const at = this.#place(samples, atMs);
    if (at !== undefined) this.#heard.set(samples, at);
  }

  /** Writes the WAV file. */
  async save(path: string): Promise<void> {
    const stereo = new Int16Array(this.#samples * 2);
    const said = this.#said.subarray(0, this.#samples);
    interleaveStereo(said, this.#heard.subarray(0, this.#samples), stereo);
    await writeFile(path, encodeWav({ channels: 2, rateHz: this.#rateHz, samples: stereo }));
  }

  #place(samples: Int16Array, atMs: number): number | undefined {
    const at = Math.round(((atMs - this.#startMs) * this.#rateHz) / 1000);
    const end = at + samples.length;
    if (at < 0 || end > DURATION_S_MAX * this.#rateHz) return undefined;
    if (end > this.#said.length) {
      this.#said = grown(this.#said, end);
      this.#heard = grown(this.#heard, end);
    }
    this.#samples = Math.max(this.#samples, end);
    return at;
  }
}

function grown(samples: Int16Array<ArrayBuffer>, needed: number): Int16Array<ArrayBuffer> {
  const larger = new Int16Array(Math.max(needed, samples.length * 2));
  larger.set(samples);
  return larger;
}
