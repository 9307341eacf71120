/**
 * Question: how often does the embedded voiceprint take one voice for another, at the threshold
 * where it refuses as often? On the synthetic voices of this machine: they are steadier than
 * people, there are few of them, and nobody imitates anybody. The figure says that the baseline
 * works, not how it does with people.
 */
import { embeddedVoiceModel } from "../../speech/voiceprint/embedded-model.js";
import {
  verdictOf,
  type VoiceModel,
  type VoicePrint,
  type VoiceVerdict,
} from "../../speech/voiceprint/voiceprint.js";
import { defineBench, type BenchResult, type Progress } from "../support/bench.js";
import { equalErrorRate } from "./equal-error-rate.js";
import { texts } from "./texts.js";
import { voicesHere, withNoise, type Voice } from "./voices.js";

/** Enrolled by so many sentences, as of one call. */
const enrolCount = 3;

type Condition = { readonly name: string; readonly snrDb: number | undefined };
const conditions: readonly Condition[] = [
  { name: "clean", snrDb: undefined },
  { name: "15 dB", snrDb: 15 },
  { name: "5 dB", snrDb: 5 },
];

type ConditionFigures = {
  readonly condition: string;
  readonly sameTrials: number;
  readonly otherTrials: number;
  readonly equalErrorPct: number;
  readonly equalErrorScore: number;
  /** At the thresholds that are shipped. */
  readonly matchOfOthersPct: number;
  readonly mismatchOfSamePct: number;
  readonly unsureOfSamePct: number;
  readonly unsureOfOthersPct: number;
};

type VoiceprintResult = BenchResult & {
  readonly voices: readonly string[];
  readonly probeSeconds: number;
  readonly msPerSpeechSecond: number;
  readonly conditions: readonly ConditionFigures[];
};

async function run(
  { probes }: { readonly probes: number },
  progress: Progress,
): Promise<VoiceprintResult> {
  const voices = await voicesHere();
  const model = embeddedVoiceModel();
  progress(`enrolling ${voices.length} voices`);
  const templates: VoicePrint[] = [];
  for (const voice of voices) templates.push(await enrolled(model, voice));
  const figures: ConditionFigures[] = [];
  let [speechMs, workMs] = [0, 0];
  for (const condition of conditions) {
    progress(`${condition.name}`);
    const same: Trial[] = [];
    const others: Trial[] = [];
    for (const [who, voice] of voices.entries()) {
      for (const [at, text] of texts.slice(enrolCount, enrolCount + probes).entries()) {
        const said = await voice.say(text);
        const heard =
          condition.snrDb === undefined ? said : withNoise(said, condition.snrDb, at + 1);
        const beganMs = performance.now();
        const probe = await model.print(heard, 8000);
        workMs += performance.now() - beganMs;
        speechMs += heard.length / 8;
        for (const [other, template] of templates.entries()) {
          const score = model.score(template, probe);
          const verdict = verdictOf(score, model, probe.isNoisy);
          (other === who ? same : others).push({ score, verdict });
        }
      }
    }
    figures.push(figuresOf(condition.name, same, others));
  }
  return {
    bench: "voiceprint",
    isValid: true,
    voices: voices.map(({ name }) => name),
    probeSeconds: round(speechMs / 1000 / (voices.length * probes * conditions.length), 1),
    msPerSpeechSecond: round((workMs / speechMs) * 1000, 2),
    conditions: figures,
  };
}

async function enrolled(model: VoiceModel, voice: Voice): Promise<VoicePrint> {
  const prints: VoicePrint[] = [];
  for (const text of texts.slice(0, enrolCount)) {
    prints.push(await model.print(await voice.say(text), 8000));
  }
  return model.combine(prints);
}

type Trial = { readonly score: number; readonly verdict: VoiceVerdict["verdict"] };

function figuresOf(
  condition: string,
  same: readonly Trial[],
  others: readonly Trial[],
): ConditionFigures {
  const [own, foreign] = [same, others].map((trials) => trials.map(({ score }) => score));
  const { rate, threshold } = equalErrorRate(own!, foreign!);
  const share = (trials: readonly Trial[], verdict: Trial["verdict"]): number =>
    round((trials.filter((one) => one.verdict === verdict).length / trials.length) * 100, 1);
  return {
    condition,
    sameTrials: same.length,
    otherTrials: others.length,
    equalErrorPct: round(rate * 100, 1),
    equalErrorScore: round(threshold, 3),
    matchOfOthersPct: share(others, "match"),
    mismatchOfSamePct: share(same, "mismatch"),
    unsureOfSamePct: share(same, "unsure"),
    unsureOfOthersPct: share(others, "unsure"),
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function format({ voices, probeSeconds, msPerSpeechSecond, conditions: rows }: VoiceprintResult) {
  const lines = rows.map(
    (row) =>
      `  ${row.condition.padEnd(7)} equal error ${row.equalErrorPct} % at ${row.equalErrorScore}` +
      ` (${row.sameTrials} + ${row.otherTrials} trials); as shipped: others taken` +
      ` ${row.matchOfOthersPct} %, refused ${row.mismatchOfSamePct} %,` +
      ` unsure ${row.unsureOfSamePct} % of own, ${row.unsureOfOthersPct} % of others`,
  );
  const head =
    `${voices.length} synthetic voices, probes of ${probeSeconds} s through a telephone,` +
    ` ${msPerSpeechSecond} ms per second of speech`;
  return `${[head, ...lines].join("\n")}\n`;
}

export const voiceprint = defineBench({
  name: "voiceprint",
  question: "how often is one voice taken for another?",
  options: {
    probes: { kind: "count", default: 8, min: 1, max: 12, help: "sentences of each voice" },
  },
  run,
  format,
});
