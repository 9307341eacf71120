/**
 * Collects garbage when a worker has not spoken for a while. Every utterance has a WebAssembly
 * instance of its own, of some 20 MB; V8 does not see by its heap how much hangs on these few
 * objects, and would keep those of many prompts for as long as the worker then only seals.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Scheduler, Timer } from "../../base/ports.js";

const idleMs = 1000;

/** @returns what is to be called after every utterance */
export function collectWhenIdle(scheduler: Scheduler, collect = collector()): () => void {
  let timer: Timer | undefined;
  return () => {
    timer?.cancel();
    timer = scheduler.after(idleMs, () => {
      collect();
      // The first lets go of the host of an instance, the second of the memory that it held.
      timer = scheduler.after(idleMs, collect);
    });
  };
}

/** V8's own, which is shown to new contexts only; nothing where it is not. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("globalThis.gc") as (() => void) | undefined;
  return collect ?? (() => undefined);
}
