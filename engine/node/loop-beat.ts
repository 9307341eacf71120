/**
 * What a thread shows of its loop in shared memory: that it turns, for the watchdog, and how long
 * it was held up, for the admission of calls.
 */
import { cpuWaitMs, ownThreadId } from "../../base/cpu-wait.js";

/** How often a thread shows it. */
export const beatMs = 50;

const countWord = 0;
/** Worst since it was last taken, in ms. */
const lagWord = 1;
/** The kernel's number of the thread; 0 where it is not known. */
const threadWord = 2;

export function createBeat(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(12));
}

/** Called by the thread itself, before its first beat. */
export function showThread(beat: Int32Array): void {
  Atomics.store(beat, threadWord, ownThreadId());
}

/** How long the thread waited for a CPU since it began, in ms; 0 where that is not known. */
export function waitedMs(beat: Int32Array): number {
  return cpuWaitMs(Atomics.load(beat, threadWord));
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
