/**
 * How worked up a voice is, 0 to 1, against the same voice before: a person is their own measure.
 * Until they have spoken twice, only pace and the spread of the pitch are held against people in
 * general. Half is as usual.
 */
import type { TurnSound } from "./turn-sound.js";

/** By how much each feature differs from turn to turn of one calm speaker, and what it weighs. */
const features: readonly {
  readonly of: keyof TurnSound;
  readonly spread: number;
  readonly weight: number;
  /** Of people in general on a telephone, where there is such a thing. */
  readonly usual?: number;
}[] = [
  { of: "pitchSemitones", spread: 1.5, weight: 0.8 },
  { of: "rangeSemitones", spread: 3, weight: 0.4, usual: 7 },
  { of: "levelDb", spread: 3, weight: 0.8 },
  { of: "brightnessDb", spread: 2.5, weight: 0.4 },
  { of: "pacePerSecond", spread: 1.5, weight: 0.4, usual: 4.5 },
];

/** One feature alone proves nothing, however far off it is. */
const deviationMax = 3;
/** How fast the measure follows the speaker. */
const newestShare = 0.25;

export class Arousal {
  #usual: Partial<Record<keyof TurnSound, number>> = {};
  #turns = 0;

  /** @returns the arousal of this turn, which then becomes part of the measure */
  judge(sound: TurnSound): number {
    let sum = 0;
    for (const { of, spread, weight, usual } of features) {
      const measure = this.#turns === 0 ? usual : this.#usual[of];
      if (measure === undefined) continue;
      const deviation = (sound[of] - measure) / spread;
      sum += weight * Math.max(-deviationMax, Math.min(deviationMax, deviation));
      // Against strangers it is worth half.
      if (this.#turns === 0) sum -= (weight * Math.max(-3, Math.min(3, deviation))) / 2;
    }
    this.#learn(sound);
    return 1 / (1 + Math.exp(-sum));
  }

  #learn(sound: TurnSound): void {
    const share = Math.max(newestShare, 1 / (this.#turns + 1));
    for (const { of } of features) {
      const before = this.#usual[of] ?? sound[of];
      this.#usual[of] = before + share * (sound[of] - before);
    }
    this.#turns += 1;
  }
}
