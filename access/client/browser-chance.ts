/** Chance, from what browsers and Node share. */
import type { Rng } from "../../base/ports.js";

export const browserChance: Rng = {
  next() {
    const word = new Uint32Array(1);
    crypto.getRandomValues(word);
    return word[0]! / 0x1_0000_0000;
  },
};
