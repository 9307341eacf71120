/**
 * How long a thread stood ready and was given no CPU: what tells a loop that is blocked from one
 * that the machine does not let run. Linux only; elsewhere nobody has ever waited.
 *
 * @see Linux kernel, Documentation/scheduler/sched-stats.rst, `/proc/<pid>/schedstat`
 */
import { readFileSync, readlinkSync } from "node:fs";

/** As the kernel numbers the calling thread; 0 where that is not to be had. */
export function ownThreadId(): number {
  try {
    return Number(/\d+$/.exec(readlinkSync("/proc/thread-self"))?.[0] ?? 0);
  } catch {
    return 0;
  }
}

/**
 * @param threadId of a thread of this process, by `ownThreadId`
 * @returns in ms since the thread began; 0 where it is not known, or the thread is no more
 */
export function cpuWaitMs(threadId: number): number {
  if (threadId === 0) return 0;
  try {
    // Nanoseconds on a CPU, nanoseconds waited for one, turns.
    const [, waited] = readFileSync(`/proc/self/task/${threadId}/schedstat`, "latin1").split(" ");
    return Number(waited) / 1e6;
  } catch {
    return 0;
  }
}
