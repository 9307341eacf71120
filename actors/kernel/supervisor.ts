/** A supervisor: an actor whose only work is to start, restart and stop others. */
import { fromErrorData } from "../../base/errors.js";
import { checkSupervisor, commandsMaxDefault, type SupervisorOptions } from "./child-spec.js";
import { defaultLaneLimits } from "./lanes.js";
import { Supervision, type SupervisionMessage } from "./supervision.js";
import type { Behavior } from "./types.js";

export type SupervisorMessage = SupervisionMessage;

/**
 * A supervisor for `ctx.spawn`, or for another's spec. It ends `shutdown` by autoShutdown, and
 * `failed` with `CHILD_START` when a child cannot start at first, or with `RESTART_INTENSITY` when
 * children end too often. As OTP, it has all the time that its children need to end.
 *
 * @throws {EngineError} `SUPERVISOR_SPEC`: everything that is wrong with `options`
 */
export function supervisor(options: SupervisorOptions): Behavior<unknown, SupervisorMessage> {
  checkSupervisor(options);
  const { commandsMax: countMax = commandsMaxDefault } = options;
  const intents = { ...defaultLaneLimits.intents, countMax };
  const behavior: Behavior<Supervision<SupervisorMessage>, SupervisorMessage> = {
    start(ctx) {
      const rules = { ...options, toMessage: (down: SupervisorMessage) => down };
      const supervision = new Supervision({ ...rules, onEnded: (exit) => ctx.stop(exit) }, ctx);
      for (const spec of options.children) {
        const error = supervision.begin(spec);
        if (error !== undefined) throw fromErrorData(error);
      }
      return supervision;
    },
    receive: (supervision, message) => supervision.receive(message),
    stopping: (supervision, reason) => supervision.end(reason),
    shutdownMs: Infinity,
    limits: { intents },
  };
  return behavior;
}
