/**
 * Dialog: the flow at work. It turns what the caller said, keyed or left unsaid into the flow's
 * next step, and the step's effects into utterances.
 *
 * An answer is provisional while the turn may be reopened: the step before it is kept, and if the
 * caller goes on, the answer is silenced and the step taken back.
 *
 * A restart begins from the last step the Call keeps: the flow listens again where it was.
 */
import { assertNever } from "../../base/assert.js";
import type {
  DialogEffect,
  DialogEvent,
  DialogStep,
  ResumeOptions,
} from "../../dialog/dialog-types.js";
import { withoutMarkup } from "../../codecs/ssml/ssml.js";
import type { Label } from "../../speech/analyzers/analyzer.js";
import { promptId } from "../../speech/prompts/prompt-id.js";
import type { Behavior, Context } from "../kernel/index.js";
import { answerGrammar, heardLanguage } from "./answer-grammar.js";
import type { Leg } from "./cast-ports.js";
import {
  checkpointOf,
  dialogLaneOf,
  newDialogState,
  type DialogOptions,
  type DialogState,
  type Listen,
} from "./dialog-state.js";
import { answered, awaitAnswer, greetingHeard, type Answered } from "./dialog-answering.js";
import { labelled, silence } from "./dialog-labels.js";
import { stepInLanguage } from "./dialog-language.js";
import { isOfPlayback, playback } from "./dialog-playback.js";
import { reportBargeIn, reportState, sinceAnswer } from "./dialog-reports.js";
import { voiceLost } from "./dialog-voice-loss.js";
import {
  end,
  lineLost,
  stopAwaiting,
  stopSilence,
  turnCancelled,
  turnStarted,
  whenQuiet,
} from "./dialog-waiting.js";
import type { DialogMessage, ForgetfulRole } from "./messages.js";

/** A final transcript that has not come by then is taken as not understood. */
const finalMsMax = 2500;
export function dialog(options: DialogOptions): Behavior<DialogState, DialogMessage> {
  return {
    start: () => newDialogState(options),
    receive: (state, message, ctx) => receive(options, state, message, ctx),
    laneOf: dialogLaneOf,
    bytesOf: (message) => (message.kind === "final" ? message.text.length * 2 : 0),
    coalesce: (older, newer) =>
      older.kind === "final" && newer.kind === "final" && older.turnId === newer.turnId
        ? newer
        : undefined,
  };
}

function receive(
  options: DialogOptions,
  state: DialogState,
  message: DialogMessage,
  ctx: Context<DialogMessage>,
): void {
  if (isOfPlayback(message)) return playback(options, state, message, ctx);
  switch (message.kind) {
    case "begin":
      return begin(options, state, message.leg, ctx);
    case "legAway":
    case "legBack":
      return lineLost(state, message.kind === "legAway", ctx);
    case "legReplaced":
      return legReplaced(options, state, ctx);
    case "turnStarted":
      return turnStarted(state, message.turnId);
    case "turnCancelled":
      return turnCancelled(state, ctx);
    case "turnEnded":
      return turnEnded(state, message, ctx);
    case "turnReopened":
      return reopen(options, state, message.turnId);
    case "bargeIn":
      return reportBargeIn(options, message.onsetAtMs);
    case "final":
      return understand(options, state, message, ctx);
    case "finalOverdue":
      return finalOverdue(options, state, message.turnId, ctx);
    case "keypad":
      return keypad(options, state, message, ctx);
    case "silence":
      return silenceCame(options, state, message.listenId, ctx);
    case "hangup":
      return hungUp(options, state, ctx);
    case "answeredBy":
    case "machineRecords":
      return goOn(options, state, answered(options, state, message, ctx), ctx);
    case "voiceLost":
      return voiceLost(options, state, message.utterance, ctx);
    case "label":
      return labelCame(options, state, message.label, ctx);
    case "castRestarted":
      return tellAgain(options, state, message.role, ctx);
    default:
      return assertNever(message);
  }
}

function begin(
  options: DialogOptions,
  state: DialogState,
  leg: Leg,
  ctx: Context<DialogMessage>,
): void {
  state.leg = leg;
  const { earlier, directory } = options;
  // The flow goes elsewhere after a loss: what sounds on of the state before has had its time.
  const isLeft = earlier !== undefined && earlier.snapshot.state !== state.step.state;
  if (isLeft && state.speaking.size > 0) {
    directory.mediaLeg?.tell({ kind: "clear", utterance: state.lastUtterance });
    state.speaking.clear();
  }
  if (state.answering !== undefined) return awaitAnswer(options, state, ctx);
  apply(options, state, state.step, ctx);
}

/** Who has answered is known, or their machine records: now something is said. */
function goOn(
  options: DialogOptions,
  state: DialogState,
  next: Answered,
  ctx: Context<DialogMessage>,
): void {
  if (next === "begin") apply(options, state, state.step, ctx);
  if (next === "machine") take(options, state, { kind: "machine" }, ctx);
}

/** Gives an event to the flow and does what it says. */
function take(
  options: DialogOptions,
  state: DialogState,
  event: DialogEvent,
  ctx: Context<DialogMessage>,
): void {
  if (state.outcome !== undefined) return;
  stopSilence(state);
  apply(options, state, state.flow.step(state.step.snapshot, event), ctx);
}

function apply(
  options: DialogOptions,
  state: DialogState,
  step: DialogStep,
  ctx: Context<DialogMessage>,
): void {
  const isNewState = step.state !== state.step.state || step === state.step;
  state.step = step;
  if (isNewState) reportState(options, state);
  // Before it is said: whoever takes over knows what should have been.
  const says = step.effects.filter(({ kind }) => kind === "say").length;
  const lastUtterance = state.lastUtterance + says;
  options.keepStep({ snapshot: step.snapshot, lastUtterance, lastKey: state.lastKey });
  for (const effect of step.effects) {
    if (effect.kind === "say") say(options, state, effect);
    else if (effect.kind === "listen") listen(options, state, effect);
    else state.outcome = effect.outcome;
  }
  // Nothing answers this turn: what is said later is no measure of it.
  const { clock } = state;
  if (clock?.decidedAtMs !== undefined && clock.utterance === undefined) state.clock = undefined;
  whenQuiet(options, state, ctx);
}

function say(
  options: DialogOptions,
  state: DialogState,
  effect: Extract<DialogEffect, { kind: "say" }>,
): void {
  const { ports, directory } = options;
  const { voice, language } = state.flow;
  const utterance = (state.lastUtterance += 1);
  const { text, isInterruptible } = effect;
  const id = promptId({ text, voice, language });
  const isCached = effect.isFixed && ports.findPrompt(id, state.leg!.format) !== undefined;
  state.speaking.set(utterance, { text: withoutMarkup(text), isStreamed: !isCached });
  if (state.clock !== undefined && state.clock.utterance === undefined) {
    Object.assign(state.clock, { utterance, isCached });
  }
  const cached = isCached ? id : undefined;
  directory.mediaLeg?.tell({ kind: "say", utterance, isInterruptible, promptId: cached });
  if (!isCached) directory.synthesizer?.tell({ kind: "speak", utterance, text, voice, language });
}

function listen(options: DialogOptions, state: DialogState, effect: Listen): void {
  state.listen = effect;
  const { expectation } = effect;
  const language = heardLanguage(options.spec, state.flow);
  const grammar = answerGrammar(expectation, { language, variables: options.spec.variables });
  options.directory.mediaLeg?.tell({ kind: "expect", expectation });
  options.directory.recognizer?.tell({ kind: "expect", grammar });
}

/** Nobody hears us any more; the flow may still name the outcome. */
function hungUp(options: DialogOptions, state: DialogState, ctx: Context<DialogMessage>): void {
  state.speaking.clear();
  if (state.outcome === undefined) take(options, state, { kind: "hangup" }, ctx);
  else end(options, state, ctx);
  if (state.outcome === undefined) end(options, state, ctx);
}

/** Who begins anew is told again what it needs; what it was saying is said again. */
function tellAgain(
  options: DialogOptions,
  state: DialogState,
  role: ForgetfulRole,
  ctx: Context<DialogMessage>,
): void {
  if (role === "recognizer") {
    if (state.listen !== undefined) listen(options, state, state.listen);
    return;
  }
  const isStreaming = [...state.speaking.values()].some(({ isStreamed }) => isStreamed);
  const isCut = role === "mediaLeg" ? state.speaking.size > 0 : isStreaming;
  if (role === "synthesizer" && !isCut) return;
  // The MediaLeg's open turn is lost with it: its end will never come.
  if (role === "mediaLeg") state.isCallerSpeaking = false;
  sayAgain(options, state, ctx, { isRepeated: isCut });
}

/** Another gateway has the leg: what sounded was cut off with the one before. */
function legReplaced(
  options: DialogOptions,
  state: DialogState,
  ctx: Context<DialogMessage>,
): void {
  state.isAway = false;
  // It counts keys anew.
  state.lastKey = 0;
  const isRepeated = state.speaking.size > 0;
  sayAgain(options, state, ctx, { isRepeated, isTakenOver: true });
}

/** Silences what sounds, and goes on in the present state. */
function sayAgain(
  options: DialogOptions,
  state: DialogState,
  ctx: Context<DialogMessage>,
  how: ResumeOptions,
): void {
  if (state.answering !== undefined) return;
  options.directory.mediaLeg?.tell({ kind: "clear", utterance: state.lastUtterance });
  state.speaking.clear();
  state.clock = undefined;
  stopSilence(state);
  apply(options, state, state.flow.resume(state.step.snapshot, how), ctx);
}

function silenceCame(
  options: DialogOptions,
  state: DialogState,
  listenId: number,
  ctx: Context<DialogMessage>,
): void {
  if (listenId !== state.listenId || state.isCallerSpeaking) return;
  take(options, state, { kind: "silence" }, ctx);
}

function labelCame(
  options: DialogOptions,
  state: DialogState,
  label: Label,
  ctx: Context<DialogMessage>,
): void {
  const step = labelled(options, state, label);
  if (step !== undefined) apply(options, state, step, ctx);
}

function turnEnded(
  state: DialogState,
  message: Extract<DialogMessage, { kind: "turnEnded" }>,
  ctx: Context<DialogMessage>,
): void {
  const { turnId, speechEndAtMs, atMs } = message;
  if (turnId <= state.forgottenTurnId) return;
  state.isCallerSpeaking = false;
  state.awaitedTurnId = turnId;
  state.clock = { turnId, speechEndAtMs, endpointAtMs: atMs };
  state.finalTimer?.cancel();
  state.finalTimer = ctx.after(finalMsMax, { kind: "finalOverdue", turnId });
}

/** The caller was not done: the answer to the first half is taken back. */
function reopen(options: DialogOptions, state: DialogState, turnId: number): void {
  if (turnId <= state.forgottenTurnId) return;
  stopSilence(state);
  stopAwaiting(state);
  state.turnId = turnId;
  state.isCallerSpeaking = true;
  const { checkpoint } = state;
  if (checkpoint?.turnId !== turnId) return;
  options.directory.mediaLeg?.tell({ kind: "clear", utterance: state.lastUtterance });
  state.speaking.clear();
  const isNewState = checkpoint.step.state !== state.step.state;
  state.step = checkpoint.step;
  state.flow = checkpoint.flow;
  state.outcome = undefined;
  if (isNewState) reportState(options, state);
  // Another life must not begin with what was taken back.
  const { lastUtterance, lastKey, step } = state;
  options.keepStep({ snapshot: step.snapshot, lastUtterance, lastKey });
  if (checkpoint.listen !== undefined) listen(options, state, checkpoint.listen);
}

function finalOverdue(
  options: DialogOptions,
  state: DialogState,
  turnId: number,
  ctx: Context<DialogMessage>,
): void {
  if (state.awaitedTurnId !== turnId) return;
  const nothing = { text: "", isRejected: true, atMs: ctx.time.nowMs() };
  understand(options, state, { turnId, ...nothing }, ctx);
}

function understand(
  options: DialogOptions,
  state: DialogState,
  final: Omit<Extract<DialogMessage, { kind: "final" }>, "kind">,
  ctx: Context<DialogMessage>,
): void {
  if (state.answering !== undefined) {
    state.awaitedTurnId = undefined;
    state.finalTimer?.cancel();
    return goOn(options, state, greetingHeard(options, state, final.text, ctx), ctx);
  }
  // Of a turn that was reopened, answered by key, or given up.
  if (state.awaitedTurnId !== final.turnId) return;
  state.awaitedTurnId = undefined;
  state.finalTimer?.cancel();
  const { text, isRejected } = final;
  const { callId } = options.spec;
  if (state.outcome !== undefined) return;
  if (state.clock !== undefined) {
    state.clock.finalAtMs = final.atMs;
    state.clock.vendorMs = final.waitedMs ?? 0;
  }
  options.ports.report(callId, {
    kind: "transcript",
    side: "callee",
    text,
    atMs: sinceAnswer(options),
    ...(isRejected ? { isRejected } : {}),
  });
  state.checkpoint = checkpointOf(state, final.turnId);
  stopSilence(state);
  const said = { kind: "speech", text, isRejected } as const;
  const step = stepInLanguage(options, state, said, final.language);
  if (state.clock !== undefined) state.clock.decidedAtMs = ctx.time.nowMs();
  apply(options, state, step, ctx);
}

function keypad(
  options: DialogOptions,
  state: DialogState,
  { digit, number }: Extract<DialogMessage, { kind: "keypad" }>,
  ctx: Context<DialogMessage>,
): void {
  // The gateway says again what a lost shard may not have come to.
  if (number !== undefined && number <= state.lastKey) return;
  state.lastKey = number ?? state.lastKey;
  const { ports, directory, spec } = options;
  ports.report(spec.callId, { kind: "keypad", digit, atMs: sinceAnswer(options) });
  if (state.answering !== undefined) return;
  if (state.outcome !== undefined) return;
  // A key is an answer: it silences what plays, and speech of that moment counts no more.
  directory.mediaLeg?.tell({ kind: "forgetTurn" });
  stopAwaiting(state);
  state.isCallerSpeaking = false;
  state.forgottenTurnId = state.turnId;
  silence(options, state);
  state.checkpoint = undefined;
  take(options, state, { kind: "keypad", digit }, ctx);
}
