/** The dispatcher on a bare `Scheduler`: in virtual time the order of everything is fixed. */
import type { Scheduler } from "../../base/ports.js";
import type { Dispatcher } from "./dispatcher.js";

export function createSchedulerDispatcher(scheduler: Scheduler): Dispatcher {
  let isClosed = false;
  return {
    register(_name, drain) {
      let isPending = false;
      let isStopped = false;
      const run = (): void => {
        isPending = false;
        if (!isStopped && !isClosed && drain()) wake();
      };
      const wake = (): void => {
        if (isPending || isStopped || isClosed) return;
        isPending = true;
        scheduler.soon(run);
      };
      return { wake, stop: () => void (isStopped = true) };
    },
    close: () => void (isClosed = true),
  };
}
