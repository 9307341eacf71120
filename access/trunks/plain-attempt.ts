/** Attempts that can do little: hang up, or not even that. */
import { EngineError } from "../../base/errors.js";
import type { Scheduler } from "../../base/ports.js";
import type { TrunkAttempt, TrunkEvent } from "./trunk.js";

/** @param why said to who asks for more, e.g. "simulated callees cannot be transferred" */
export function plainAttempt(hangup: () => void, why: string): TrunkAttempt {
  const refuse = (): Promise<never> => Promise.reject(new EngineError("TRUNK_UNSUPPORTED", why));
  return { hangup, transfer: refuse, sendDtmf: refuse };
}

/** An attempt that cannot even begin; told later, as everything else is. */
export function endedAttempt(
  event: Extract<TrunkEvent, { kind: "ended" }>,
  listener: (event: TrunkEvent) => void,
  scheduler: Pick<Scheduler, "soon">,
): TrunkAttempt {
  scheduler.soon(() => listener(event));
  const over = (): Promise<never> =>
    Promise.reject(new EngineError("TRUNK_REQUEST", `the attempt is over: ${event.cause}`));
  return { hangup: () => undefined, transfer: over, sendDtmf: over };
}
