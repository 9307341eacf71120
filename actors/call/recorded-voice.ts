/**
 * One utterance of ours as the recording needs it: what it consists of, and when it sounded. What
 * is streamed may pause and go on, so it lies on the timeline in stretches:
 *
 * ```
 *   utterance   0 ────────── 8000 ────────── 16000 samples
 *   timeline    │ stretch 1 │    gap    │ stretch 2 │
 * ```
 */

type Part = {
  readonly audio: Uint8Array;
  readonly sampleCount: number;
  readonly fromSample: number;
  /** When it was delivered: it cannot have sounded before. */
  readonly atMs: number;
};

type Stretch = { readonly fromSample: number; readonly atMs: number };

/** Takes audio that lies `offsetSamples` behind the instant `atMs`; it must copy it. */
export type LayAudio = (atMs: number, offsetSamples: number, audio: Uint8Array) => void;

export class RecordedVoice {
  readonly #rateHz: number;
  readonly #bytesPerSample: number;
  readonly #parts: Part[] = [];
  #stretches: Stretch[] = [];
  #addedSamples = 0;
  #laidSamples = 0;

  constructor(rateHz: number, bytesPerSample: number) {
    this.#rateHz = rateHz;
    this.#bytesPerSample = bytesPerSample;
  }

  /** The next audio of the utterance, delivered at `nowMs`; it is kept, not copied. */
  add(audio: Uint8Array, nowMs: number): void {
    const sampleCount = audio.length / this.#bytesPerSample;
    this.#parts.push({ audio, sampleCount, fromSample: this.#addedSamples, atMs: nowMs });
    this.#addedSamples += sampleCount;
  }

  /** Its first sample sounds at `atMs` (monotonic). */
  began(atMs: number): void {
    this.#stretches = [{ fromSample: 0, atMs }];
  }

  /** The sample of that number does not sound before `resumed` says when. */
  paused(fromSample: number): void {
    this.resumed(fromSample, Infinity);
  }

  /** After a gap, the sample of that number sounds at `atMs`. Ignored when no start is known. */
  resumed(fromSample: number, atMs: number): void {
    if (this.#stretches.length === 0) return;
    const before = this.#stretches.filter(
      (stretch) => stretch.fromSample < fromSample && stretch.atMs < Infinity,
    );
    this.#stretches = [...before, { fromSample, atMs }];
  }

  /** How many of its samples sounded before that instant, as far as is known. */
  heardBefore(instantMs: number): number {
    let heard = 0;
    for (const [index, { fromSample, atMs }] of this.#stretches.entries()) {
      if (atMs > instantMs) break;
      const soundedSamples = Math.round(((instantMs - atMs) * this.#rateHz) / 1000);
      heard = Math.min(fromSample + soundedSamples, this.#endOf(index));
    }
    // Delivered later, so it begins later than the stretch says: a notice of that is on its way.
    const late = this.#parts.find((part) => part.atMs > instantMs);
    return late === undefined ? heard : Math.min(heard, late.fromSample);
  }

  /** Lays what is not laid yet, up to so many samples of the utterance. */
  lay(heardSamples: number, lay: LayAudio): void {
    for (const [index, { fromSample, atMs }] of this.#stretches.entries()) {
      const end = Math.min(Math.round(heardSamples), this.#endOf(index));
      for (const part of this.#parts) {
        const from = Math.max(this.#laidSamples, fromSample, part.fromSample);
        const to = Math.min(end, part.fromSample + part.sampleCount);
        if (to <= from) continue;
        const [first, behind] = [from, to].map((s) => (s - part.fromSample) * this.#bytesPerSample);
        lay(atMs, from - fromSample, part.audio.subarray(first, behind));
        this.#laidSamples = to;
      }
    }
  }

  /** Where the next stretch begins. */
  #endOf(index: number): number {
    return this.#stretches[index + 1]?.fromSample ?? Infinity;
  }
}
