/**
 * The callee talks another language than the flow: where the flow names another flow for it, the
 * dialog goes on there, in the state of the same name, with its voice and its recogniser.
 *
 * What the present flow understands needs no other language: one word misheard changes nothing.
 */
import type { CompiledFlow, DialogEvent, DialogStep } from "../../dialog/dialog-types.js";
import { flowFor, primary } from "../../dialog/languages.js";
import { stepWithLabels, silence } from "./dialog-labels.js";
import { sinceAnswer } from "./dialog-reports.js";
import type { DialogOptions, DialogState } from "./dialog-state.js";

/** The step that a turn leads to, in the language in which it was said. */
export function stepInLanguage(
  options: DialogOptions,
  state: DialogState,
  event: Extract<DialogEvent, { kind: "speech" }>,
  language: string | undefined,
): DialogStep {
  const step = stepWithLabels(state, event);
  const intent = step.understood?.intent;
  const isUnderstood = intent !== undefined && intent !== "free";
  const other = isUnderstood || event.isRejected ? undefined : otherFlow(options, state, language);
  if (other === undefined) return step;
  const entered = other.continueFrom(state.step.snapshot);
  const answered = other.step(entered.snapshot, event);
  // What still sounds is in the wrong language.
  silence(options, state);
  state.flow = other;
  const { ports, spec } = options;
  const atMs = sinceAnswer(options);
  ports.report(spec.callId, { kind: "language", language: other.language, flow: other.id, atMs });
  return answered.understood === undefined ? entered : answered;
}

function otherFlow(
  { ports }: DialogOptions,
  { flow }: DialogState,
  language: string | undefined,
): CompiledFlow | undefined {
  if (language === undefined || primary(language) === primary(flow.language)) return undefined;
  const id = flowFor(flow, language);
  return id === undefined ? undefined : ports.flow(id);
}
