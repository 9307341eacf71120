/**
 * A conversation in text: lines in, lines out. Pure except for its two ends, so that it serves the
 * terminal (`voxtree flow talk`) and tests alike.
 *
 *   anything      the caller says it
 *   (empty line)  the caller stays silent
 *   /keys 12#     the caller presses these keys, one after the other
 *   /hangup       the caller hangs up; so does the end of the input
 */
import type { CompiledFlow, DialogEvent, DialogStep, Expectation } from "./dialog-types.js";

export type TalkOptions = {
  readonly flow: CompiledFlow;
  readonly variables: Readonly<Record<string, string>>;
  /** What the caller does, line by line. */
  readonly input: AsyncIterable<string>;
  /** Takes one line of output, without its line end. */
  readonly write: (line: string) => void;
};

/** How it ended; `snapshot.variables` holds what was collected. */
export type TalkResult = Pick<DialogStep, "snapshot"> & { readonly outcome: string };

/**
 * Runs one conversation to its end. Reads no more input than that takes.
 *
 * @throws {FlowVariablesError} when `variables` do not fit the flow
 */
export async function talk({ flow, variables, input, write }: TalkOptions): Promise<TalkResult> {
  let step = flow.start(variables);
  writeStep(step, write);
  if (step.snapshot.outcome === undefined) {
    for await (const line of input) {
      const events = eventsOf(line, write);
      step = takeAll(flow, step, events, write);
      if (step.snapshot.outcome !== undefined) break;
    }
  }
  if (step.snapshot.outcome === undefined) {
    step = takeAll(flow, step, [{ kind: "hangup" }], write);
  }
  return { snapshot: step.snapshot, outcome: step.snapshot.outcome ?? "hangup" };
}

/** The example values of a flow's required variables: what a conversation is tried out with. */
export function exampleVariables(flow: CompiledFlow): Record<string, string> {
  const required = flow.variables.filter(({ isRequired }) => isRequired);
  return Object.fromEntries(required.map(({ name, example }) => [name, example]));
}

const help = "  (say something, or: empty line = silence, /keys 12# = keypad, /hangup)";

function eventsOf(line: string, write: (line: string) => void): DialogEvent[] {
  const text = line.trim();
  if (text === "") return [{ kind: "silence" }];
  if (!text.startsWith("/")) return [{ kind: "speech", text, isRejected: false }];
  if (text === "/hangup") return [{ kind: "hangup" }];
  const keys = /^\/keys?\s+([0-9*#\s]+)$/.exec(text)?.[1];
  if (keys === undefined) {
    write(help);
    return [];
  }
  return [...keys.replace(/\s/g, "")].map((digit) => ({ kind: "keypad", digit }));
}

function takeAll(
  flow: CompiledFlow,
  from: DialogStep,
  events: readonly DialogEvent[],
  write: (line: string) => void,
): DialogStep {
  let step = from;
  for (const event of events) {
    if (step.snapshot.outcome !== undefined) break;
    step = flow.step(step.snapshot, event);
    writeStep(step, write);
  }
  return step;
}

function writeStep(step: DialogStep, write: (line: string) => void): void {
  const { understood } = step;
  if (understood !== undefined) {
    write(`  (understood: ${understood.intent}, ${Math.round(understood.confidence * 100)} %)`);
  }
  for (const effect of step.effects) {
    if (effect.kind === "say") write(`> ${effect.text}`);
    if (effect.kind === "end") write(`  (ends: ${effect.outcome})`);
    if (effect.kind === "listen") {
      const seconds = effect.silenceMs / 1000;
      write(`  (listens up to ${seconds} s in ${step.state}: ${hint(effect.expectation)})`);
    }
  }
}

function hint({ kind, phrases, digits, keypad }: Expectation): string {
  const spoken = phrases.slice(0, 4).map((phrase) => `"${phrase}"`);
  const more = phrases.length > 4 ? [`${phrases.length - 4} more phrases`] : [];
  const range = digits === undefined ? "" : countOf(digits);
  const parts = [
    ...(kind === "free" ? ["anything"] : []),
    ...(range === "" ? [] : [range]),
    ...spoken,
    ...more,
    ...(kind === "digits" || keypad.length === 0 ? [] : [`keys ${keypad.join(" ")}`]),
  ];
  return parts.join(", ");
}

function countOf({ min, max }: { readonly min: number; readonly max: number }): string {
  return min === max ? `${min} digits` : `${min} to ${max} digits`;
}
