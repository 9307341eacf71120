/** The kernel's public face: what the cast and the engine may use. */
export { createActorSystem, type ActorSystem, type ActorSystemOptions } from "./actor-system.js";
export {
  childSpec,
  type AutoShutdown,
  type ChildSpec,
  type RestartNotice,
  type RestartPolicy,
  type RestartStrategy,
  type SpecMistake,
  type SupervisionRules,
  type SupervisorOptions,
} from "./child-spec.js";
export {
  createDeadLetterLog,
  type DeadLetterLine,
  type DeadLetterLogOptions,
} from "./dead-letter-log.js";
export {
  DeadLetterCounter,
  type DeadLetter,
  type DeadLetterReason,
  type DeadLetterSink,
} from "./dead-letters.js";
export type { Dispatcher, Runner } from "./dispatcher.js";
export { defaultLaneLimits, type Lane, type LaneLimit, type LaneLimits } from "./lanes.js";
export {
  emptySystemMetrics,
  type ActorMetrics,
  type LaneMetrics,
  type SystemMetrics,
} from "./metrics.js";
export { createNactDispatcher } from "./nact-dispatcher.js";
export { addRestart, type RestartIntensity } from "./restart-intensity.js";
export { createSchedulerDispatcher } from "./scheduler-dispatcher.js";
export type { ChildView, StopChildReply } from "./supervised-child.js";
export {
  Supervision,
  type ChildDown,
  type StartChildReply,
  type SupervisionMessage,
  type SupervisionOptions,
} from "./supervision.js";
export { supervisor, type SupervisorMessage } from "./supervisor.js";
export type {
  ActorRef,
  Behavior,
  Context,
  Delivery,
  Down,
  ExitReason,
  Message,
  ReplyTo,
  SpawnOptions,
} from "./types.js";
