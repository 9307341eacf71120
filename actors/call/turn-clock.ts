/** The stations of one answer, and what each of them cost. Pure. */
import type { TurnLatency } from "./call-events.js";

/** Monotonic instants; undefined until reached. */
export type TurnClock = {
  readonly turnId: number;
  readonly speechEndAtMs: number;
  readonly endpointAtMs: number;
  finalAtMs?: number;
  /** How much of the way to the final a service of somebody else took. */
  vendorMs?: number;
  decidedAtMs?: number;
  /** The utterance that answers. */
  utterance?: number;
  isCached?: boolean;
};

/**
 * @param startedAtMs when the first frame of the answer was sent
 * @returns undefined when a station is missing: the turn had no spoken answer
 */
export function turnLatency(clock: TurnClock, startedAtMs: number): TurnLatency | undefined {
  const { turnId, speechEndAtMs, endpointAtMs, finalAtMs, decidedAtMs } = clock;
  if (finalAtMs === undefined || decidedAtMs === undefined) return undefined;
  const turnMs = startedAtMs - speechEndAtMs;
  const endpointMs = endpointAtMs - speechEndAtMs;
  return {
    turnId,
    turnMs,
    endpointMs,
    asrFinalMs: finalAtMs - endpointAtMs,
    decisionMs: decidedAtMs - finalAtMs,
    playoutMs: startedAtMs - decidedAtMs,
    // An embedded recogniser and voice count as ours: only what others took is taken off.
    turnEngineMs: turnMs - endpointMs - Math.min(clock.vendorMs ?? 0, finalAtMs - endpointAtMs),
    isCached: clock.isCached === true,
  };
}
