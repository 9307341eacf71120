/** Checks that everything a flow needs is there, and that no state is two kinds at once. */
import { isSsml, parseSsml, withoutMarkup } from "../../codecs/ssml/ssml.js";
import type { FlowPath } from "../flow-errors.js";
import type { ResumeDraft, StateDraft } from "../flow-schema.js";
import { isSpeakable } from "../nlu/normalise.js";
import { flowLimits } from "../limits.js";
import { kindOf, retryTarget, statesOf, type Check, type StateEntry } from "./check.js";

/** Reports what is missing, too much or out of place. */
export function checkParts(check: Check): void {
  checkTop(check);
  for (const entry of statesOf(check)) {
    checkKind(check, entry);
    checkAsking(check, entry);
    checkSpeakable(check, ["states", entry[0]], entry[1]);
    checkResume(check, ["states", entry[0], "onResume"], entry[1].onResume);
  }
  checkOffline(check);
  checkSpeakable(check, ["defaults"], check.draft.defaults ?? {});
  checkResume(check, ["defaults", "onResume"], check.draft.defaults?.onResume);
}

const needed = {
  id: "a name for the flow",
  language: 'the language it is spoken in, e.g. "en-US"',
  voice: "the voice that speaks it",
  start: "the state it begins with",
  states: "its states",
} as const;

function checkTop(check: Check): void {
  const { draft, isLeftOut, report } = check;
  for (const [key, what] of Object.entries(needed)) {
    const isMissing = draft[key as keyof typeof needed] === undefined && !isLeftOut([key]);
    if (isMissing) report("missing", [], `"${key}" is missing: ${what}`, "key");
  }
  if (draft.language !== undefined && !isLanguage(draft.language)) {
    const message = `must be a language tag such as "en-US" or "zh-CN", not "${draft.language}"`;
    report("shape", ["language"], message);
  }
  if (draft.answering !== undefined && draft.answeringMachine === undefined) {
    const message = "needs answeringMachine: the state that a machine gets";
    report("missing", ["answering"], message, "key");
  }
  const states = check.stateNames.size;
  if (states > flowLimits.statesMax) {
    report("tooBig", ["states"], `${states} states; at most ${flowLimits.statesMax}`, "key");
  }
  const variables = Object.keys(draft.variables ?? {}).length;
  if (variables > flowLimits.variablesMax) {
    const message = `${variables} variables; at most ${flowLimits.variablesMax}`;
    report("tooBig", ["variables"], message, "key");
  }
}

/** It is said when nothing of the call can be had any more, its variables neither. */
function checkOffline({ draft: { offline }, report }: Check): void {
  if (offline === undefined) return;
  if (/\{\{/.test(offline)) {
    report("template", ["offline"], "has a variable; it is said when those are lost: leave it out");
  } else if (!isSpeakable(offline)) {
    report("unspeakable", ["offline"], "has nothing speakable; give a sentence, or leave it out");
  }
}

function checkKind({ isLeftOut, report }: Check, [name, state]: StateEntry): void {
  const path = ["states", name];
  const given = (["expect", "then", "end"] as const).filter((key) => state[key] !== undefined);
  const kinds = "one of expect (wait for an answer), then (go on), end (hang up)";
  if (given.length > 1) {
    report("shape", path, `has ${given.join(" and ")}; a state has ${kinds}`, "key");
  }
  const hidden = ["expect", "then", "end"].some((key) => isLeftOut([...path, key]));
  if (given.length === 0 && !hidden) {
    report("deadEnd", path, `leads nowhere: a state has ${kinds}`, "key");
  }
  if (given.length === 1 && given[0] !== "expect") {
    for (const key of ["on", "silence", "noMatch", "onResume"] as const) {
      if (state[key] === undefined) continue;
      report("shape", [...path, key], `only a state with expect has ${key}`, "key");
    }
  }
  if (state.say === undefined && kindOf(state) !== "end" && !isLeftOut([...path, "say"])) {
    report("missing", path, "says nothing: only a state with end may go without say", "key");
  }
}

function checkAsking(check: Check, entry: StateEntry): void {
  const [name, state] = entry;
  const { report, isLeftOut } = check;
  const path: FlowPath = ["states", name];
  const { expect } = state;
  if (expect === undefined || state.end !== undefined) return;
  if (Object.keys(expect).length === 0 && !isLeftOut([...path, "expect"])) {
    report("missing", [...path, "expect"], "expects nothing: intents, digits or free", "key");
  }
  if (expect.digits !== undefined && expect.free !== undefined) {
    report("shape", [...path, "expect"], "digits and free exclude each other", "key");
  }
  checkDigits(check, [...path, "expect", "digits"], expect.digits);
  for (const key of ["silence", "noMatch"] as const) {
    const isHidden = [[...path, key], [...path, "on"], ["defaults"]].some(isLeftOut);
    if (retryTarget(check.draft, entry, key) !== undefined || isHidden) continue;
    const event = key === "silence" ? "silence" : "an answer that is not understood";
    const message = `where does ${event} lead? Add ${key}.then, defaults.${key}.then or on.otherwise`;
    report("missing", path, message, "key");
  }
}

function checkDigits(
  { report, isLeftOut }: Check,
  path: FlowPath,
  digits: NonNullable<StateDraft["expect"]>["digits"],
): void {
  if (digits === undefined || isLeftOut(path)) return;
  const { min, max } = digits;
  for (const key of ["min", "max"] as const) {
    if (digits[key] === undefined) report("missing", path, `"${key}" is missing`, "key");
  }
  if (min !== undefined && max !== undefined && min > max) {
    report("shape", [...path, "min"], `min ${min} is more than max ${max}`);
  }
}

function checkResume(
  { report, isLeftOut }: Check,
  path: FlowPath,
  resume: ResumeDraft | undefined,
): void {
  if (resume === undefined || isLeftOut(path)) return;
  if (Object.keys(resume).length === 0) {
    report("missing", path, "does nothing: give continue, repeat, say or then", "key");
  }
  if (resume.repeat === true && resume.then !== undefined) {
    report("shape", path, "repeat and then exclude each other: it stays, or goes on", "key");
  }
}

type Saying = Pick<StateDraft, "say" | "silence" | "noMatch" | "onResume">;

/** A synthesizer given nothing speakable would fail in the middle of a call. */
function checkSpeakable({ report }: Check, path: FlowPath, saying: Saying): void {
  for (const [keys, say] of saysOf(saying)) {
    for (const [index, text] of (say ?? []).entries()) {
      const fault = markupFault(text);
      if (fault !== undefined) report("markup", [...path, ...keys, index], fault);
      if (fault !== undefined || isSpeakable(withoutMarkup(text))) continue;
      const message = `nothing speakable in "${text}": a letter or a digit is needed`;
      report("unspeakable", [...path, ...keys, index], message);
    }
  }
}

/** What is wrong with a text in SSML; lines and columns count within the text. */
function markupFault(text: string): string | undefined {
  if (!isSsml(text)) return undefined;
  try {
    parseSsml(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Every list of texts in a state (or in the defaults), with its path. */
export function saysOf(
  saying: Saying,
): (readonly [keys: readonly string[], say: string[] | undefined])[] {
  return [
    [["say"], saying.say],
    [["silence", "say"], saying.silence?.say],
    [["noMatch", "say"], saying.noMatch?.say],
    [["onResume", "say"], saying.onResume?.say],
  ];
}

function isLanguage(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
