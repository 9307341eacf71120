/**
 * How many lines a trunk has and how fast it may dial. Pure: the caller passes the time.
 *
 * A place in the rate comes back one second after it was taken, so no second has more attempts than
 * are allowed, wherever it begins. A rate below one has one place, which takes longer to come back.
 */
import type { TrunkRefusal } from "./trunk.js";

/** Left out: without limit. */
export type TrunkLimits = {
  /** Attempts under way at once, ringing and answered. */
  readonly attemptsMax?: number;
  readonly attemptsPerSecond?: number;
};

/** When the places that are taken were taken: ascending, monotonic ms. */
export type TakenMs = readonly number[];

/** A line that is taken is free again when its call ends, which may be any moment. */
const lineRetryMs = 1000;

/** Those that have not come back at `nowMs`. */
export function stillTaken(takenMs: TakenMs, nowMs: number, limits: TrunkLimits): TakenMs {
  const { attemptsPerSecond } = limits;
  if (attemptsPerSecond === undefined) return [];
  const backMs = 1000 / Math.min(1, attemptsPerSecond);
  return takenMs.filter((atMs) => atMs + backMs > nowMs);
}

/**
 * Whether one more attempt is too many; undefined when it may be made.
 *
 * @param state `takenMs` without those that have come back; `attempts` under way
 */
export function refusalOf(
  name: string,
  state: { readonly takenMs: TakenMs; readonly attempts: number; readonly nowMs: number },
  limits: TrunkLimits,
): TrunkRefusal | undefined {
  const { takenMs, attempts, nowMs } = state;
  const { attemptsMax = Infinity, attemptsPerSecond = Infinity } = limits;
  if (attempts >= attemptsMax) {
    const why = `all ${attemptsMax} lines of trunk ${name} are taken`;
    return { why, retryAfterMs: lineRetryMs };
  }
  const places = Math.max(1, Math.floor(attemptsPerSecond));
  if (takenMs.length < places) return undefined;
  const backMs = 1000 / Math.min(1, attemptsPerSecond);
  const retryAfterMs = Math.max(1, Math.ceil(takenMs[takenMs.length - places]! + backMs - nowMs));
  return { why: `trunk ${name} may dial ${attemptsPerSecond} times a second`, retryAfterMs };
}
