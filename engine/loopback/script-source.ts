/** YAML text → checked script. Every mistake of a file is told at once, with line and column. */
import { EngineError } from "../../base/errors.js";
import { readDraft, type DraftReading } from "../../config/draft.js";
import { readYamlDocument, type DocumentPath } from "../../config/yaml-document.js";
import type {
  CalleeAction,
  CalleeAnswer,
  CalleeScript,
  CalleeTurn,
  SpeechPart,
} from "./callee-script.js";
import {
  answerRule,
  durationMs,
  scriptSchema,
  thenRule,
  type ActionDraft,
  type AnswerDraft,
  type ScriptDraft,
  type TurnDraft,
} from "./script-schema.js";

/** One mistake in a script file. Lines and columns count from 1. */
export type ScriptMistake = {
  /** E.g. `turns.0.then`; empty for the file as a whole. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
};

/** A script has mistakes: `mistakes` and `detail.mistakes` hold all of them, in order. */
export class ScriptError extends EngineError {
  readonly mistakes: readonly ScriptMistake[];

  constructor(fileName: string, mistakes: readonly ScriptMistake[]) {
    const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
    const lines = mistakes.map(
      ({ line, column, path, message }) =>
        `  ${fileName}:${line}:${column} ${path === "" ? "" : `${path}: `}${message}`,
    );
    super("CALLEE_SCRIPT_INVALID", [`${fileName} has ${count}:`, ...lines].join("\n"), {
      fileName,
      mistakes,
    });
    this.mistakes = mistakes;
  }
}

const SOURCE_BYTES_MAX = 256 * 1024;
/** A person needs a moment. */
const DELAY_MS = 250;
const ANSWER_AFTER_MS = 500;

/**
 * Reads one script.
 *
 * @param fileName for messages only
 * @throws {ScriptError} `CALLEE_SCRIPT_INVALID`
 */
export function parseScript(text: string, fileName: string): CalleeScript {
  const document = readYamlDocument(text, { bytesMax: SOURCE_BYTES_MAX });
  const mistakes: ScriptMistake[] = document.problems.map(({ line, column, message }) => ({
    path: "",
    line,
    column,
    message,
  }));
  const add = (path: DocumentPath, message: string, at: "key" | "value"): void => {
    mistakes.push({ path: path.join("."), message, ...document.positionOf(path, at) });
  };
  if (document.value === undefined) throw new ScriptError(fileName, mistakes);
  const reading = readDraft({ schema: scriptSchema, value: document.value });
  for (const { path, message, at } of reading.wrongParts) add(path, message, at);
  for (const { path, message } of reading.draft === undefined ? [] : senseProblems(reading)) {
    add(path, message, "key");
  }
  if (mistakes.length > 0) throw new ScriptError(fileName, inOrder(mistakes));
  return toScript(reading.draft!);
}

function inOrder(mistakes: readonly ScriptMistake[]): ScriptMistake[] {
  return [...mistakes].sort((one, other) => one.line - other.line || one.column - other.column);
}

type Problem = { readonly path: DocumentPath; readonly message: string };

/** What fits the shape and still makes no sense. */
function senseProblems({ draft, isLeftOut }: DraftReading<ScriptDraft>): Problem[] {
  const { turns, keypadOnly, answer } = draft!;
  const problems: Problem[] = [];
  for (const key of ["id", "flow", "expectOutcome"] as const) {
    if (draft![key] !== undefined || isLeftOut([key])) continue;
    problems.push({ path: [], message: `${key} is missing; it must be a text` });
  }
  const answers = answer === undefined || answer.after !== undefined;
  if (answers && turns === undefined && !isLeftOut(["turns"]) && !isLeftOut(["answer"])) {
    problems.push({ path: [], message: "turns is missing; a callee who answers needs them" });
  }
  const speaks = turns?.some(({ then }) => then?.say !== undefined) ?? false;
  if (speaks && keypadOnly === undefined && !isLeftOut(["keypadOnly"])) {
    const message =
      "keypadOnly is missing: turns that work without speech recognition, since these say something";
    problems.push({ path: ["turns"], message });
  }
  if (answer !== undefined && Object.keys(answer).length === 0 && !isLeftOut(["answer"])) {
    problems.push({ path: ["answer"], message: answerRule });
  }
  const lists = { turns, keypadOnly };
  return [
    ...problems,
    ...Object.entries(lists).flatMap(([list, of]) =>
      (of ?? []).flatMap((turn, index) => turnProblems(turn, [list, index])),
    ),
  ];
}

function turnProblems(turn: TurnDraft, path: DocumentPath): Problem[] {
  const problems: Problem[] = [];
  if (turn.then !== undefined && Object.keys(turn.then).length === 0) {
    problems.push({ path: [...path, "then"], message: thenRule });
  }
  if (turn.interruptAfter !== undefined && !acts(turn)) {
    const message = "must have something to interrupt with: then say, press or hangup";
    problems.push({ path: [...path, "interruptAfter"], message });
  }
  return problems;
}

function acts({ then }: TurnDraft): boolean {
  return then !== undefined && then.silence === undefined;
}

function toScript(draft: ScriptDraft): CalleeScript {
  return {
    id: draft.id!,
    description: draft.description ?? "",
    flow: draft.flow!,
    variables: draft.variables ?? {},
    protocol: draft.protocol ?? "native",
    voice: draft.voice ?? "rms",
    answer: toAnswer(draft.answer),
    expectOutcome: draft.expectOutcome!,
    turns: (draft.turns ?? []).map(toTurn),
    keypadOnly: (draft.keypadOnly ?? []).map(toTurn),
    alsoHeard: draft.alsoHeard ?? [],
  };
}

function toAnswer(answer: AnswerDraft | undefined): CalleeAnswer {
  if (answer?.busy !== undefined) return { kind: "busy" };
  if (answer?.noAnswer !== undefined) return { kind: "noAnswer" };
  if (answer?.reject !== undefined) return { kind: "reject" };
  return { kind: "answer", afterMs: toMs(answer?.after) ?? ANSWER_AFTER_MS };
}

function toTurn({ hear, again, interruptAfter, delay, then }: TurnDraft): CalleeTurn {
  const interruptAfterMs = toMs(interruptAfter);
  return {
    ...(hear === undefined ? {} : { hear }),
    again: again ?? [],
    ...(interruptAfterMs === undefined ? {} : { interruptAfterMs }),
    delayMs: toMs(delay) ?? DELAY_MS,
    action: toAction(then),
  };
}

function toAction(then: ActionDraft | undefined): CalleeAction {
  if (then?.say !== undefined) {
    const parts = then.say.map(({ text, pause }): SpeechPart =>
      text === undefined ? { pauseMs: toMs(pause)! } : { text },
    );
    return { kind: "say", parts };
  }
  if (then?.press !== undefined) return { kind: "press", digits: then.press };
  return { kind: then?.hangup === undefined ? "nothing" : "hangup" };
}

function toMs(value: string | undefined): number | undefined {
  return value === undefined ? undefined : durationMs(value);
}
