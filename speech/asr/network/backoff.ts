/** How long to wait before the next attempt: doubling, bounded, never the same for everybody. */
import type { Rng } from "../../../base/ports.js";

const firstMs = 50;
const longestMs = 5000;

/**
 * Full jitter: anything up to the doubled wait, so that a thousand calls that lost their vendor at
 * one instant do not come back at one instant. Pure but for `rng`.
 *
 * @param failures in a row, 1 or more
 */
export function backoffMs(failures: number, rng: Rng): number {
  return rng.next() * Math.min(longestMs, firstMs * 2 ** Math.min(failures, 20));
}
