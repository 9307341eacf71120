/** The dispatcher on a bare `Scheduler`: in virtual time the order of everything is fixed. */
import type { Scheduler } from "../../base/ports.js";
import type { Dispatcher } from "./dispatcher.js";
import { createRunQueue } from "./run-queue.js";

export function createSchedulerDispatcher(scheduler: Scheduler): Dispatcher {
  const queue = createRunQueue(() => scheduler.soon(queue.turn));
  return queue.dispatcher;
}
