/**
 * How a thread yields to those that carry audio. On Linux each thread has a priority of its own;
 * elsewhere it belongs to the whole process, and nothing is done.
 */
import { readdirSync, readlinkSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

/** Steps of `nice`: a tenth of what a thread with audio gets, and all that is left. */
const backgroundNice = 10;
/** A third: its work is waited for by a caller. */
const yieldingNice = 5;

/** Of the thread that runs this; undefined where threads have none. */
function ownThreadId(): number | undefined {
  try {
    // "PID/task/TID"
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  } catch {
    // Not Linux.
    return undefined;
  }
}

/** Lets those that carry audio go first, for good. */
export function yieldToAudio(): void {
  const id = ownThreadId();
  if (id !== undefined) trySetting(id, Math.max(getPriority(id), yieldingNice));
}

/**
 * Lets what the process has beside the thread that runs this go second, for good: before any thread
 * is started that is the compilers of V8. They are busy when calls are.
 */
export function helpersYield(): void {
  const own = ownThreadId();
  if (own === undefined) return;
  for (const id of readdirSync("/proc/self/task").map(Number)) {
    if (id !== own) trySetting(id, Math.max(getPriority(own), yieldingNice));
  }
}

/**
 * Steps far back for a while, if the way back is open: a process without the right to raise a
 * priority (CAP_SYS_NICE) could not undo it.
 *
 * @returns undoes it
 */
export function stepBack(): () => void {
  const id = ownThreadId();
  if (id === undefined) return () => undefined;
  const before = getPriority(id);
  const mayReturn = trySetting(id, before - 1) && trySetting(id, before);
  if (!mayReturn) return () => undefined;
  trySetting(id, Math.max(before, backgroundNice));
  return () => void trySetting(id, before);
}

function trySetting(threadId: number, nice: number): boolean {
  try {
    setPriority(threadId, nice);
    return true;
  } catch {
    // Not permitted.
    return false;
  }
}
