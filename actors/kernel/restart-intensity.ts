/**
 * Restart intensity: how many restarts a supervisor tolerates before it gives up.
 * Pure: the caller passes the time, so tests need no clock.
 */

/** At most `restartsMax` restarts within any `periodMs`. */
export type RestartIntensity = { readonly restartsMax: number; readonly periodMs: number };

/**
 * Adds a restart at `nowMs` (monotonic) to `restartsMs` (ascending).
 *
 * @returns the window to keep, or undefined when this restart is one too many
 * @see OTP `supervisor`, "Restart intensity and period": one exactly a period old still counts.
 */
export function addRestart(
  restartsMs: readonly number[],
  nowMs: number,
  limit: RestartIntensity,
): number[] | undefined {
  const recentMs = restartsMs.filter((atMs) => nowMs - atMs <= limit.periodMs);
  return recentMs.length >= limit.restartsMax ? undefined : [...recentMs, nowMs];
}
