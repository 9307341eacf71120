/** Chance from a seed: the same set of utterances in every process, for ever. Pure. */

export type Chance = {
  /** Uniform in [0, 1). */
  next(): number;
  pick<Item>(list: readonly Item[]): Item;
  /** A pause: log-normal around its median, in whole 10 ms, never beyond `maxMs`. */
  pauseMs(shape: PauseShape): number;
  /** A number between, with two decimals. */
  between(min: number, max: number): number;
  /** The same items in another order. */
  shuffled<Item>(list: readonly Item[]): Item[];
};

export type PauseShape = {
  readonly medianMs: number;
  /** Standard deviation of the logarithm. */
  readonly sigma: number;
  readonly minMs: number;
  readonly maxMs: number;
};

/** mulberry32, seeded by a name. */
export function chanceOf(name: string): Chance {
  let state = 0x811c9dc5;
  for (const letter of name) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  /** Box and Muller. */
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return {
    next,
    pick: (list) => list[Math.floor(next() * list.length)]!,
    pauseMs({ medianMs, sigma, minMs, maxMs }) {
      const drawn = medianMs * Math.exp(sigma * normal());
      return Math.round(Math.min(maxMs, Math.max(minMs, drawn)) / 10) * 10;
    },
    between: (min, max) => Math.round((min + (max - min) * next()) * 100) / 100,
    shuffled(list) {
      const drawn = list.map((item) => ({ item, at: next() }));
      return drawn.sort((a, b) => a.at - b.at).map(({ item }) => item);
    },
  };
}
