/**
 * Before the first word: who has answered? A person is greeted at once, a machine gets its message
 * behind the beep, a fax and a number that does not exist get nothing. Whatever cannot be told is
 * treated as a person.
 */
import {
  announcementIn,
  announcementPhrases,
  wordCount,
} from "../../speech/analyzers/announcements.js";
import type { AnswerKind } from "../../speech/analyzers/answer-analyzer.js";
import { answerTuning } from "../../speech/analyzers/answer-tuning.js";
import type { Context } from "../kernel/index.js";
import { sinceAnswer } from "./dialog-reports.js";
import type { DialogOptions, DialogState } from "./dialog-state.js";
import { end, stopAwaiting } from "./dialog-waiting.js";
import type { DialogMessage } from "./messages.js";

/** Where audio does not come, the clock ends the analysis a little behind the audio's own end. */
const graceMs = 250;

/** What happens next: the flow begins, or goes where it leaves its message. */
export type Answered = "begin" | "machine" | undefined;

/** The leg is open: listens instead of speaking. */
export function awaitAnswer(
  { directory, answeredAtMs, ports }: DialogOptions,
  state: DialogState,
  ctx: Context<DialogMessage>,
): void {
  const { language } = state.flow;
  directory.recognizer?.tell({
    kind: "expect",
    grammar: { language, phrases: announcementPhrases(language) },
  });
  const { totalMs } = answerTuning(state.flow.answering);
  const leftMs = answeredAtMs + totalMs + graceMs - ports.time.nowMs();
  const cause = `TOOLONG-${totalMs}`;
  ctx.after(Math.max(0, leftMs), { kind: "answeredBy", answeredBy: "unknown", cause });
}

/** What the ear found out, or the clock. */
export function answered(
  options: DialogOptions,
  state: DialogState,
  message: Extract<DialogMessage, { kind: "answeredBy" | "machineRecords" }>,
  ctx: Context<DialogMessage>,
): Answered {
  return message.kind === "answeredBy"
    ? answeredBy(options, state, message, ctx)
    : machineRecords(state);
}

/** A verdict. Only the first counts; the others are late. */
function answeredBy(
  options: DialogOptions,
  state: DialogState,
  { answeredBy: kind, cause }: { readonly answeredBy: AnswerKind; readonly cause: string },
  ctx: Context<DialogMessage>,
): Answered {
  if (state.answering !== "listening") return undefined;
  const { ports, spec } = options;
  const atMs = sinceAnswer(options);
  ports.report(spec.callId, { kind: "answeredBy", answeredBy: kind, cause, atMs });
  if (kind === "machine") {
    state.answering = "machine";
    // Where neither a beep nor silence is heard, since no audio comes.
    const { beepMsMax } = answerTuning(state.flow.answering);
    ctx.after(beepMsMax + graceMs, { kind: "machineRecords", cause: "timeout" });
    return undefined;
  }
  forgetGreeting(state);
  if (kind === "human" || kind === "unknown") return "begin";
  state.outcome = kind;
  end(options, state, ctx);
  return undefined;
}

/** The machine records. */
function machineRecords(state: DialogState): Answered {
  if (state.answering !== "machine") return undefined;
  forgetGreeting(state);
  return "machine";
}

/** What was said so far was the greeting, no answer. */
function forgetGreeting(state: DialogState): void {
  state.answering = undefined;
  state.forgottenTurnId = state.turnId;
  stopAwaiting(state);
}

/** Nobody greets with so many words; a recogniser hears them where the ear took them for few. */
function countWords(
  options: DialogOptions,
  state: DialogState,
  text: string,
  ctx: Context<DialogMessage>,
): Answered {
  const { transcriptWordsMax } = answerTuning(state.flow.answering);
  const count = wordCount(text);
  if (state.answering !== "listening" || count <= transcriptWordsMax) return undefined;
  const cause = `TRANSCRIPT-${count}-${transcriptWordsMax}`;
  return answeredBy(options, state, { answeredBy: "machine", cause }, ctx);
}

/** What a recogniser made of a greeting: also a machine's may turn out to be an announcement. */
export function greetingHeard(
  options: DialogOptions,
  state: DialogState,
  text: string,
  ctx: Context<DialogMessage>,
): Answered {
  // The ear knows too, then, and listens for the beep.
  options.directory.mediaLeg?.tell({ kind: "greeting", text });
  const kind = announcementIn(text);
  if (kind === undefined) return countWords(options, state, text, ctx);
  if (state.answering === "listening") {
    return answeredBy(options, state, { answeredBy: kind, cause: "WORDS" }, ctx);
  }
  if (kind === "machine") return undefined;
  state.answering = "listening";
  return answeredBy(options, state, { answeredBy: kind, cause: "WORDS" }, ctx);
}
