/** What a Dialog reports of its call, with the time since the answer. */
import type { DialogOptions, DialogState } from "./dialog-state.js";
import { turnLatency } from "./turn-clock.js";

export function sinceAnswer({ ports, answeredAtMs }: DialogOptions): number {
  return ports.time.nowMs() - answeredAtMs;
}

export function reportState(options: DialogOptions, { step }: DialogState): void {
  const { ports, spec } = options;
  ports.report(spec.callId, { kind: "state", state: step.state, atMs: sinceAnswer(options) });
}

/** @param onsetAtMs monotonic instant at which the callee began to speak over us */
export function reportBargeIn(options: DialogOptions, onsetAtMs: number): void {
  const { ports, spec } = options;
  const reactionMs = ports.time.nowMs() - onsetAtMs;
  ports.report(spec.callId, { kind: "interrupted", atMs: sinceAnswer(options), reactionMs });
}

/** Something of ours begins to sound: what is said, and how soon after their words it came. */
export function reportPlayback(
  { ports, spec, answeredAtMs }: DialogOptions,
  state: DialogState,
  started: { readonly utterance: number; readonly atMs: number },
  { text, isStreamed }: { readonly text: string; readonly isStreamed: boolean },
): void {
  const atMs = started.atMs - answeredAtMs;
  if (text !== "") {
    const line = { kind: "transcript", side: "agent", text, isCached: !isStreamed, atMs } as const;
    ports.report(spec.callId, line);
  }
  if (state.clock?.utterance !== started.utterance) return;
  const latency = turnLatency(state.clock, started.atMs);
  state.clock = undefined;
  if (latency === undefined) return;
  ports.latency.turn.recordMs(latency.turnMs);
  ports.latency.turnEngine.recordMs(latency.turnEngineMs);
  ports.report(spec.callId, { kind: "turn", latency, atMs });
}
