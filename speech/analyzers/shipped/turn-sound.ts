/**
 * How a turn sounded: pitch, loudness, brightness and pace of its voiced frames. One 20 ms frame
 * costs some microseconds; every second one of speech is searched for its pitch.
 */

/** Of one turn; undefined where it had too little voice to tell. */
export type TurnSound = {
  /** Median, in semitones above 55 Hz. */
  readonly pitchSemitones: number;
  /** From the 10th to the 90th percentile of the pitch. */
  readonly rangeSemitones: number;
  /** Mean level of the speech, in dB below full scale. */
  readonly levelDb: number;
  /** How much of the energy lies high, in dB: a tense voice is bright. */
  readonly brightnessDb: number;
  /** Peaks of loudness per second of speech: about syllables. */
  readonly pacePerSecond: number;
};

const frameMs = 20;
const pitchHzMin = 70;
const pitchHzMax = 420;
/** How alike a frame and the one a period later must be to count as voiced. */
const voicedMin = 0.5;
/** Fewer voiced frames say nothing. */
const voicedFramesMin = 6;
/** A peak is a rise by so much since the last dip. */
const peakDb = 4;

export class TurnSoundMeter {
  readonly #step: number;
  readonly #rateHz: number;
  /** The last two frames at 8 kHz: room for two periods of the deepest voice. */
  readonly #window: Float32Array;
  readonly #pitches: number[] = [];
  #energy = 0;
  #highEnergy = 0;
  #frames = 0;
  #peaks = 0;
  #dipDb = 0;
  #isRising = false;
  #isOdd = false;

  /** @param rateHz 8000 or 16000 */
  constructor(rateHz: number) {
    this.#step = rateHz === 16_000 ? 2 : 1;
    this.#rateHz = rateHz / this.#step;
    this.#window = new Float32Array((2 * this.#rateHz * frameMs) / 1000);
  }

  frame(samples: Int16Array, isSpeech: boolean): void {
    const count = Math.min(Math.floor(samples.length / this.#step), this.#window.length / 2);
    this.#window.copyWithin(0, count);
    const at = this.#window.length - count;
    let energy = 0;
    let high = 0;
    let before = samples[0] ?? 0;
    for (let index = 0; index < count; index += 1) {
      const sample = samples[index * this.#step] ?? 0;
      const next = this.#step === 1 ? sample : (sample + (samples[index * 2 + 1] ?? 0)) / 2;
      this.#window[at + index] = next;
      energy += next * next;
      high += (next - before) ** 2;
      before = next;
    }
    if (!isSpeech || count === 0) return;
    this.#frames += 1;
    this.#energy += energy / count;
    this.#highEnergy += high / count;
    this.#countPeak(decibels(energy / count));
    this.#isOdd = !this.#isOdd;
    const pitch = this.#isOdd ? pitchHz(this.#window, this.#rateHz) : undefined;
    if (pitch !== undefined) this.#pitches.push(12 * Math.log2(pitch / 55));
  }

  /** What was heard since the last call. */
  take(): TurnSound | undefined {
    const pitches = this.#pitches.sort((a, b) => a - b);
    const seconds = (this.#frames * frameMs) / 1000;
    const sound =
      pitches.length < voicedFramesMin
        ? undefined
        : {
            pitchSemitones: at(pitches, 0.5),
            rangeSemitones: at(pitches, 0.9) - at(pitches, 0.1),
            levelDb: decibels(this.#energy / this.#frames),
            brightnessDb: decibels(this.#highEnergy) - decibels(this.#energy),
            pacePerSecond: this.#peaks / seconds,
          };
    this.#pitches.length = 0;
    this.#energy = this.#highEnergy = this.#frames = this.#peaks = 0;
    return sound;
  }

  #countPeak(levelDb: number): void {
    if (levelDb < this.#dipDb) this.#dipDb = levelDb;
    if (!this.#isRising && levelDb > this.#dipDb + peakDb) {
      this.#isRising = true;
      this.#peaks += 1;
    }
    // Fallen as far as it rose: the next rise is another one.
    if (this.#isRising && levelDb < this.#dipDb + peakDb / 2) this.#isRising = false;
    this.#dipDb = this.#isRising ? Math.max(this.#dipDb, levelDb - 2 * peakDb) : this.#dipDb + 0.2;
  }
}

/** dB below full scale of a mean square of 16-bit samples. */
function decibels(meanSquare: number): number {
  return 10 * Math.log10((meanSquare + 1) / 32_768 ** 2);
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** By normalised autocorrelation; undefined where nothing repeats itself. */
export function pitchHz(window: Float32Array, rateHz: number): number | undefined {
  const lagMax = Math.min(Math.floor(rateHz / pitchHzMin), Math.floor(window.length / 2));
  const lagMin = Math.floor(rateHz / pitchHzMax);
  const length = window.length - lagMax;
  const scores = new Float32Array(lagMax + 1);
  let best = 0;
  for (let lag = lagMin; lag <= lagMax; lag += 1) {
    scores[lag] = alike(window, lag, length);
    best = Math.max(best, scores[lag] ?? 0);
  }
  if (best < voicedMin) return undefined;
  // The shortest period that is nearly as good: its multiples are as good.
  for (let lag = lagMin; lag <= lagMax; lag += 1) {
    const score = scores[lag] ?? 0;
    const isPeak = score >= (scores[lag - 1] ?? 0) && score >= (scores[lag + 1] ?? 0);
    if (isPeak && score > 0.85 * best) return rateHz / lag;
  }
  return undefined;
}

function alike(window: Float32Array, lag: number, length: number): number {
  let [both, one, other] = [0, 1, 1];
  for (let index = 0; index < length; index += 1) {
    const [a, b] = [window[index] ?? 0, window[index + lag] ?? 0];
    both += a * b;
    one += a * a;
    other += b * b;
  }
  return both / Math.sqrt(one * other);
}
