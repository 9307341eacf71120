/** An attempt that can be hung up and no more. */
import { EngineError } from "../../base/errors.js";
import type { TrunkAttempt } from "./trunk.js";

/** @param why said to who asks for more, e.g. "simulated callees cannot be transferred" */
export function plainAttempt(hangup: () => void, why: string): TrunkAttempt {
  const refuse = (): Promise<never> => Promise.reject(new EngineError("TRUNK_UNSUPPORTED", why));
  return { hangup, transfer: refuse, sendDtmf: refuse };
}
