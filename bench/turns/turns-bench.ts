/**
 * Question: how soon after the caller's last word is an answer heard, how often does it come too
 * early, and how well is an interruption told from a cough, an "mhm" and our own echo?
 *
 * Scripted utterances, half of them held out while numbers were chosen, in three voices, on a clean
 * and on a noisy line. Everything is embedded: VAD, turns, recognition, flow, cached prompts.
 * `--virtual` runs the same parts in virtual time, without sockets and processes.
 */
import { defineBench, type OptionValues, type Progress } from "../support/bench.js";
import { prepareExam, type Exam, type ExamOptions } from "./exam.js";
import { formatTurns } from "./format-turns.js";
import { runRealExam, type ExamRun, type Lateness } from "./real-exam.js";
import { partFigures, type PartFigures } from "./turn-report.js";
import { runVirtualExam } from "./virtual-exam.js";

export const turnsOptions = {
  virtual: { kind: "flag", help: "in virtual time, faster than real time" },
  "every-voice": { kind: "flag", help: "each script in all three voices, not in one" },
  every: { kind: "count", default: 1, max: 100, help: "only every nth script" },
  part: {
    kind: "word",
    words: ["all", "tuned", "held-out"],
    default: "all",
    help: "which half of the scripts",
  },
  calls: { kind: "count", default: 48, max: 200, help: "calls at once, in real time" },
} as const;

export type TurnsResult = {
  readonly bench: "turns";
  readonly isValid: boolean;
  readonly mode: "real" | "virtual";
  readonly utterances: number;
  readonly responseMs: { readonly p50: number; readonly p95: number };
  readonly grammarResponseMs: { readonly p50: number; readonly p95: number };
  readonly openResponseMs: { readonly p50: number; readonly p95: number };
  readonly prematurePct: number;
  readonly prematureCiPct: readonly [number, number];
  readonly falseInterruptionPct: number;
  readonly falseInterruptionCiPct: readonly [number, number];
  readonly missedInterruptionPct: number;
  readonly bargeInMs: { readonly p50: number; readonly p95: number };
  readonly all: PartFigures;
  readonly tuned: PartFigures;
  readonly heldOut: PartFigures;
  /** How late the callers' own frames were: a late caller measures itself. */
  readonly callers: Lateness;
  /** What the callers and the engine's log complain of; the first ones. */
  readonly troubles: readonly string[];
};

/** Callers whose frames are later than this have measured themselves. */
const callersLateMsMax = 20;

export async function turnsBench(
  values: OptionValues<typeof turnsOptions>,
  progress: Progress,
): Promise<TurnsResult> {
  const options: ExamOptions = {
    isEveryVoice: values["every-voice"],
    every: values.every,
    part: values.part as ExamOptions["part"],
  };
  progress("preparing what is said");
  const exam = await prepareExam(options);
  progress(`${exam.exercises.length} exercises`);
  const { virtual, calls } = values;
  const run = virtual
    ? { outcomes: await runVirtualExam(exam, progress), ...nobodyLate }
    : await runRealExam(exam, { calls, progress });
  return resultOf(exam, run, virtual ? "virtual" : "real");
}

const nobodyLate = { callers: { p99Ms: 0, maxMs: 0 }, troubles: [] };

function resultOf(exam: Exam, run: ExamRun, mode: TurnsResult["mode"]): TurnsResult {
  const { exercises } = exam;
  const part = (isHeldOut?: boolean): PartFigures =>
    partFigures(
      exercises.filter((one) => isHeldOut === undefined || one.isHeldOut === isHeldOut),
      run.outcomes,
    );
  const all = part();
  const brief = ({ p50, p95 }: { p50: number; p95: number }) => ({ p50, p95 });
  return {
    bench: "turns",
    isValid: run.outcomes.length === exercises.length && run.callers.p99Ms <= callersLateMsMax,
    mode,
    utterances: all.utterances,
    responseMs: brief(all.responseMs),
    grammarResponseMs: brief(all.grammarResponseMs),
    openResponseMs: brief(all.openResponseMs),
    prematurePct: all.premature.pct,
    prematureCiPct: all.premature.ciPct,
    falseInterruptionPct: all.falseInterruption.pct,
    falseInterruptionCiPct: all.falseInterruption.ciPct,
    missedInterruptionPct: all.missedInterruption.pct,
    bargeInMs: brief(all.bargeInMs),
    all,
    tuned: part(false),
    heldOut: part(true),
    callers: run.callers,
    troubles: run.troubles.slice(0, 10),
  };
}

export const turns = defineBench({
  name: "turns",
  question: "how soon is an answer heard, how often too early, and what interrupts us?",
  options: turnsOptions,
  run: turnsBench,
  format: formatTurns,
});
