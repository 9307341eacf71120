/** What a Dialog reports of its call, with the time since the answer. */
import type { DialogOptions, DialogState } from "./dialog-state.js";

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
