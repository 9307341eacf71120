/** The kernel's public face: what the cast and the engine may use. */
export { createActorSystem, type ActorSystem, type ActorSystemOptions } from "./actor-system.js";
export { DeadLetterCounter, type DeadLetter, type DeadLetterSink } from "./dead-letters.js";
export type { Dispatcher, Runner } from "./dispatcher.js";
export { defaultLaneLimits, type Lane, type LaneLimit, type LaneLimits } from "./lanes.js";
export { createNactDispatcher } from "./nact-dispatcher.js";
export { createSchedulerDispatcher } from "./scheduler-dispatcher.js";
export type {
  ActorRef,
  Behavior,
  Context,
  Delivery,
  Down,
  ExitReason,
  Message,
  ReplyTo,
} from "./types.js";
