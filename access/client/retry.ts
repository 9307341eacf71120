/** When a lost connection is opened again, and when it is not. Pure. */
import type { Rng } from "../../base/ports.js";

/** The first attempt comes soon: most losses are short. */
const firstDelayMs = 100;
/** No attempt waits longer, so that whoever comes back within the engine's grace is in time. */
const delayMsMax = 1500;

/**
 * How long to wait before an attempt: twice as long each time, spread over its second half so that
 * a thousand clients of a gateway that went down do not come back at one instant.
 *
 * @param attempt from 0
 */
export function retryDelayMs(attempt: number, rng: Rng): number {
  const delayMs = Math.min(delayMsMax, firstDelayMs * 2 ** Math.min(attempt, 10));
  return delayMs / 2 + (delayMs / 2) * rng.next();
}

/** Close codes (RFC 6455 section 7.4.1, and ours) after which the engine would refuse us again. */
const finalCodes = new Set([
  1000,
  // We broke its protocol, it broke ours, or a message was too big.
  1002, 1003, 1007, 1009, 4002,
  // It does not let us in, or has let somebody else in for this call.
  1008, 4001,
  // We did not read what it sent.
  1013,
]);

/** Whether the connection was lost rather than ended. */
export function isWorthRetrying(closeCode: number): boolean {
  return !finalCodes.has(closeCode);
}
