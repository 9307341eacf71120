/** Whether an engine takes calls, and in words why not and what it lacks. Pure. */
import type { HealthReport } from "../engine-node.js";
import type { Running } from "./start-up.js";

/** @param state `running` is undefined before the engine has started */
export function healthReport(state: {
  readonly running: Running | undefined;
  readonly isDraining: boolean;
  readonly overload: string | undefined;
  /** Outcomes that the store does not take. */
  readonly waitingRecords: number;
  /** What the trunks lack. */
  readonly trunkNotes: readonly string[];
  readonly liveCalls: number;
  readonly callsMax: number;
}): HealthReport {
  const { running, isDraining, overload, waitingRecords, trunkNotes } = state;
  const { liveCalls, callsMax } = state;
  const notes: string[] = [];
  if (running === undefined) notes.push("starting");
  if (isDraining) notes.push("draining: takes no new calls");
  const givenUp = running?.givenUp() ?? [];
  const isFailed = givenUp.length > 0;
  if (isFailed) notes.push(`${givenUp.join(", ")}: lost again and again, not started any more`);
  else if (running?.isWhole() === false) notes.push("a thread is being restarted");
  if (overload !== undefined) notes.push(`overloaded: ${overload}`);
  if (waitingRecords > 0) notes.push(`the store does not take ${waitingRecords} outcomes`);
  const isReady = notes.length === 0;
  const { recognition, prompts } = running ?? {};
  if (recognition?.note !== undefined) notes.push(recognition.note);
  for (const [id, { message }] of prompts?.unspeakable ?? []) notes.push(`flow ${id}: ${message}`);
  notes.push(...trunkNotes);
  return { isReady, isFailed, notes, liveCalls, callsMax };
}
