/**
 * Chance from a seed, behind the `Rng` port: the same parts give the same numbers in every process.
 * Each caller, vendor and fault plan has a generator of its own, so that taking one call or one
 * fault away leaves the chance of all others as it was.
 */
import type { Rng } from "../../base/ports.js";

export type SeededRng = Rng & {
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number;
  /** True with probability `share`. */
  chance(share: number): boolean;
  /** @param list not empty */
  pick<T>(list: readonly T[]): T;
  /** One of `[value, weight]`. */
  weighted<T>(choices: readonly (readonly [T, number])[]): T;
};

/** @param parts whole numbers, e.g. the seed, a purpose, the index of a call */
export function seededRng(...parts: readonly number[]): SeededRng {
  const next = mulberry(parts.reduce((mixed, part) => mix(mixed, part), 0x9e3779b9));
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    int,
    chance: (share) => next() < share,
    pick: (list) => list[int(0, list.length - 1)]!,
    weighted(choices) {
      const total = choices.reduce((sum, [, weight]) => sum + weight, 0);
      let left = next() * total;
      for (const [value, weight] of choices) {
        left -= weight;
        if (left < 0) return value;
      }
      return choices.at(-1)![0];
    },
  };
}

/** Stirs a number into a 32-bit state (the finaliser of MurmurHash3). */
export function mix(state: number, value: number): number {
  let mixed = Math.imul(state ^ (value | 0), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Mulberry32: 32 bits of state, enough for a few thousand draws each. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
