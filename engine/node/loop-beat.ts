/**
 * What a thread shows of its loop in shared memory: that it turns, for the watchdog, and how long
 * it was held up, for the admission of calls.
 */

/** How often a thread shows it. */
export const beatMs = 50;

const countWord = 0;
/** Worst since it was last taken, in ms. */
const lagWord = 1;

export function createBeat(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(8));
}

/** @param lagMs by how much this beat came late */
export function markBeat(beat: Int32Array, lagMs: number): void {
  Atomics.add(beat, countWord, 1);
  // Only this thread raises it; a reading that takes it away at this moment loses one beat's lag.
  if (lagMs > Atomics.load(beat, lagWord)) Atomics.store(beat, lagWord, Math.round(lagMs));
}

export function takeLagMs(beat: Int32Array): number {
  return Atomics.exchange(beat, lagWord, 0);
}
