/**
 * A language that computers speak and hear without a mistake: every word is a pair of tones of a
 * fixed length, between gaps of a fixed length. A mock recogniser finds the words in the samples
 * it gets, and since it measures tones and gaps, audio that was lost or doubled on the way shows
 * in the text: `[-yes]` was too short, `[+yes]` too long, `[gap]` stands before one that came
 * too soon, `[?]` is no word at all. Pure.
 *
 *     ▁▁▁████████████▁▁▁▁████████████▁▁▁▁
 *        180 ms       60  180 ms      60
 */

/** Multiples of 100 Hz: in a block of 10 ms they do not leak into one another. */
const tonesHz = [400, 600, 800, 1000, 1300, 1600, 2000, 2400, 2900] as const;

/** Every word there is; its tones are the pair of the same place. */
export const toneWords: readonly string[] = (
  "zero one two three four five six seven eight nine " +
  "yes no please thank you okay right wrong today tomorrow " +
  "monday tuesday wednesday thursday friday morning afternoon " +
  "help repeat agent bill stop later hello goodbye maybe"
).split(" ");

const toneMs = 180;
const gapMs = 60;
/** What one word takes in a sentence: twelve frames. */
export const toneWordMs = toneMs + gapMs;

/** Pairs of indexes into `tonesHz`, in the order of `toneWords`. */
const pairs: readonly (readonly [number, number])[] = tonesHz.flatMap((_, low) =>
  tonesHz.slice(low + 1).map((__, above) => [low, low + 1 + above] as const),
);

/** Of each of the two tones: both together stay well below full scale. */
const amplitude = 6000;
/** Tones fade in and out, so that they sound like tones. */
const rampMs = 5;
const blockMs = 10;
/** A block quieter than this is silence; a telephone's noise is some tens. */
const silenceAmplitude = 500;
/** A tone whose length differs by more was cut or doubled: frames are 20 ms. */
const toleranceMs = 9;
/** The half of each ramp that is quieter than half the tone. */
const heardToneMs = toneMs - rampMs;

/**
 * A sentence as samples, `toneWordMs` for each word, a gap after each.
 *
 * @throws {RangeError} when a word is none of `toneWords`
 */
export function speakTones(words: readonly string[], rateHz: number): Int16Array {
  const wordSamples = (toneWordMs * rateHz) / 1000;
  const samples = new Int16Array(words.length * wordSamples);
  words.forEach((word, place) => {
    const pair = pairs[toneWords.indexOf(word)];
    if (pair === undefined) throw new RangeError(`"${word}" is none of: ${toneWords.join(", ")}`);
    writeTone(samples.subarray(place * wordSamples), pair, rateHz);
  });
  return samples;
}

function writeTone(to: Int16Array, [low, high]: readonly [number, number], rateHz: number): void {
  const count = (toneMs * rateHz) / 1000;
  const ramp = (rampMs * rateHz) / 1000;
  const step = (2 * Math.PI) / rateHz;
  for (let i = 0; i < count; i += 1) {
    const gain = Math.min(1, (i + 1) / ramp, (count - i) / ramp);
    const sum = Math.sin(step * tonesHz[low]! * i) + Math.sin(step * tonesHz[high]! * i);
    to[i] = Math.round(gain * amplitude * sum);
  }
}

/** A word as it was heard. */
export type HeardTone = {
  readonly text: string;
  /** Media time since the listener began. */
  readonly startMs: number;
  readonly endMs: number;
};

/** One tone over a block. */
type Wave = { readonly cosines: Float64Array; readonly sines: Float64Array };

const knownWaves = new Map<number, readonly Wave[]>();

/** Of all tones at that rate; the same for all listeners. */
function wavesOf(rateHz: number): readonly Wave[] {
  const waves = knownWaves.get(rateHz) ?? tonesHz.map((toneHz) => waveOf(toneHz, rateHz));
  knownWaves.set(rateHz, waves);
  return waves;
}

function waveOf(toneHz: number, rateHz: number): Wave {
  const angles = Float64Array.from({ length: (blockMs * rateHz) / 1000 }, (_, index) => {
    return (2 * Math.PI * toneHz * index) / rateHz;
  });
  return { cosines: angles.map(Math.cos), sines: angles.map(Math.sin) };
}

/** Whether no tone in it can reach `silenceAmplitude`: twice the mean bounds each of them. */
function isQuiet(block: Int16Array): boolean {
  let sum = 0;
  for (let i = 0; i < block.length; i += 1) sum += Math.abs(block[i]!);
  return 2 * sum < silenceAmplitude * block.length;
}

/** Hears one stream of samples. */
export class ToneListener {
  readonly #waves: readonly Wave[];
  readonly #block: Int16Array;
  readonly #tones = new Float64Array(tonesHz.length);
  #filled = 0;
  #blocks = 0;
  #run: Run | undefined;
  #words: HeardTone[] = [];

  constructor(rateHz: number) {
    this.#waves = wavesOf(rateHz);
    this.#block = new Int16Array((blockMs * rateHz) / 1000);
  }

  /** Media time heard, in ms. */
  get heardMs(): number {
    return this.#blocks * blockMs;
  }

  /** The words that are over, in order. */
  get words(): readonly HeardTone[] {
    return this.#words;
  }

  get text(): string {
    return this.#words.map(({ text }) => text).join(" ");
  }

  /** Whether a tone sounds at this moment. */
  get isInWord(): boolean {
    return this.#run !== undefined;
  }

  hear(samples: Int16Array): void {
    const block = this.#block;
    for (let at = 0; at < samples.length;) {
      const count = Math.min(block.length - this.#filled, samples.length - at);
      block.set(samples.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled < block.length) return;
      this.#filled = 0;
      this.#hearBlock();
    }
  }

  /** No more audio: a tone that still sounds is over. */
  end(): void {
    this.#block.fill(0, this.#filled);
    if (this.#filled > 0) this.#hearBlock();
    this.#filled = 0;
    this.#endRun();
  }

  #hearBlock(): void {
    const loudness = this.#measure();
    const startMs = this.#blocks * blockMs;
    this.#blocks += 1;
    if (loudness < silenceAmplitude) return this.#endRun();
    this.#run ??= { startMs, loudness: [], tones: new Float64Array(tonesHz.length) };
    this.#run.loudness.push(loudness);
    this.#tones.forEach((value, index) => (this.#run!.tones[index]! += value));
  }

  /**
   * Amplitude of each tone in the block, into `#tones`; returns that of the two loudest, or 0 where
   * no tone can be as loud as a word's.
   */
  #measure(): number {
    const block = this.#block;
    if (isQuiet(block)) return 0;
    let first = 0;
    let second = 0;
    for (let tone = 0; tone < tonesHz.length; tone += 1) {
      const { cosines, sines } = this.#waves[tone]!;
      let [real, imaginary] = [0, 0];
      for (let i = 0; i < block.length; i += 1) {
        const sample = block[i]!;
        real += sample * cosines[i]!;
        imaginary += sample * sines[i]!;
      }
      const value = (2 * Math.sqrt(real * real + imaginary * imaginary)) / block.length;
      this.#tones[tone] = value;
      if (value > first) [first, second] = [value, first];
      else if (value > second) second = value;
    }
    return (first + second) / 2;
  }

  #endRun(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    const loudest = Math.max(...run.loudness);
    const part = (index: number): number => blockMs * (1 - run.loudness.at(index)! / loudest);
    const blocksMs = run.loudness.reduce((sum, one) => sum + (blockMs * one) / loudest, 0);
    const startMs = run.startMs + part(0);
    const endMs = run.startMs + run.loudness.length * blockMs - part(-1);
    // Not a word, and not even part of one: the edge of a block.
    if (blocksMs < blockMs / 2) return;
    const before = this.#words.at(-1);
    // From beginning to beginning: a frame that is lost half here, half there shows as well.
    const isGapCut = before !== undefined && startMs - before.startMs < toneWordMs - toleranceMs;
    const text = wordOf(run.tones, blocksMs);
    const shown = isGapCut ? `[gap] ${text}` : text;
    this.#words.push({ text: shown, startMs: Math.round(startMs), endMs: Math.round(endMs) });
  }
}

/** A tone that sounds: loudness block by block, and of each frequency over all of them. */
type Run = { readonly startMs: number; readonly loudness: number[]; readonly tones: Float64Array };

function wordOf(tones: Float64Array, lengthMs: number): string {
  const order = [...tones.keys()].sort((a, b) => tones[b]! - tones[a]!);
  const [first = 0, second = 0, third = 0] = order;
  const isPair = tones[second]! > tones[first]! / 2 && tones[third]! < tones[second]! / 3;
  if (!isPair) return "[?]";
  const [low, high] = first < second ? [first, second] : [second, first];
  const word = toneWords[pairs.findIndex((pair) => pair[0] === low && pair[1] === high)] ?? "?";
  if (lengthMs < heardToneMs - toleranceMs) return `[-${word}]`;
  return lengthMs > heardToneMs + toleranceMs ? `[+${word}]` : word;
}
