/**
 * The shape of a flow file: which keys there are and what kind of value each takes. What must be
 * there, and how the parts fit together, is the business of `checks/`; so nearly everything is
 * optional here, and one wrong value hides no other mistake.
 */
import { z } from "zod";
import { answeringLimits, flowLimits, turnLimits } from "./limits.js";
import { spokenValueKinds } from "./nlu/spoken-values.js";

/** Names of states, intents and variables. */
export const namePattern = /^[A-Za-z][A-Za-z0-9_-]*$/;

const nameRule = `must be a name: a letter, then letters, digits, "_" or "-", at most ${flowLimits.nameCharsMax}`;
const name = z
  .string({ error: nameRule })
  .regex(namePattern, { error: nameRule })
  .max(flowLimits.nameCharsMax, { error: nameRule });

function text(charsMax: number) {
  const rule = `must be a text of at most ${charsMax} characters`;
  return z.string({ error: rule }).max(charsMax, { error: rule });
}

function whole(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .number({ error })
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, { error });
}

function listOf<Item extends z.ZodType>(item: Item, countMax: number, what: string) {
  const error = `must be ${what}, or a list of 1 to ${countMax} of them`;
  return z.preprocess(
    (value) => (Array.isArray(value) || value === undefined ? value : [value]),
    z.array(item, { error }).min(1, { error }).max(countMax, { error }),
  );
}

function part<Shape extends z.ZodRawShape>(shape: Shape) {
  const keys = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "invalid_type" ? `must be a map with any of: ${keys}` : undefined,
  });
}

function namesTo<Value extends z.ZodType>(value: Value, what: string) {
  return z.record(name, value, {
    error: (issue) => (issue.code === "invalid_type" ? `must be a map of ${what}` : undefined),
  });
}

const says = listOf(text(flowLimits.sayCharsMax), flowLimits.saysPerListMax, "a text").optional();
const flag = z.boolean({ error: "must be true or false" }).optional();

const key = z.preprocess(
  // `keypad: 1` is what people write; YAML makes a number of it.
  (value) => (typeof value === "number" ? String(value) : value),
  z
    .string({ error: 'must be a key: 0 to 9, "*" or "#"' })
    .regex(/^[0-9*#]$/, { error: 'must be a key: 0 to 9, "*" or "#"' }),
);

const retry = { say: says, max: whole(0, flowLimits.retriesMax).optional(), then: name.optional() };
const silenceMs = whole(flowLimits.silenceMsMin, flowLimits.silenceMsMax).optional();
const silence = part({ afterMs: silenceMs, ...retry }).optional();
const noMatch = part(retry).optional();

const resumeRule = 'must be "continue", "repeat", or a map with any of: say, repeat, then';
const onResume = z
  .preprocess(
    (given) =>
      given === "continue" || given === "repeat" ? { repeat: given === "repeat" } : given,
    z.strictObject(
      { say: says, repeat: flag, then: name.optional() },
      { error: (issue) => (issue.code === "invalid_type" ? resumeRule : undefined) },
    ),
  )
  .optional();

const value = text(flowLimits.valueCharsMax);

const intent = part({
  phrases: listOf(
    text(flowLimits.phraseCharsMax),
    flowLimits.phrasesPerStateMax,
    "a text",
  ).optional(),
  keypad: listOf(key, 12, "a key").optional(),
  set: namesTo(value, "variable: text").optional(),
});

const digits = part({
  min: whole(1, flowLimits.digitsMax).optional(),
  max: whole(1, flowLimits.digitsMax).optional(),
  store: name.optional(),
  interDigitMs: silenceMs,
});

const valueKind = z.enum(spokenValueKinds, {
  error: `must be one of ${spokenValueKinds.join(", ")}`,
});

const labelValue = text(60);
const scoreRule = "must be a number from 0 to 1";
const onLabel = listOf(
  part({
    label: name.optional(),
    is: listOf(labelValue, 12, "a value").optional(),
    atLeast: z
      .number({ error: scoreRule })
      .min(0, { error: scoreRule })
      .max(1, { error: scoreRule })
      .optional(),
    intent: name.optional(),
    then: name.optional(),
  }),
  12,
  "a rule with label, is and then",
).optional();

const state = part({
  say: says,
  interruptible: flag,
  expect: part({
    intents: namesTo(intent, "intent: phrases and keys").optional(),
    digits: digits.optional(),
    free: part({ store: name.optional(), as: valueKind.optional() }).optional(),
  }).optional(),
  on: namesTo(name, "intent: next state").optional(),
  onLabel,
  silence,
  noMatch,
  onResume,
  then: name.optional(),
  end: name.optional(),
});

const variable = z.preprocess(
  (given) => (typeof given === "string" ? { example: given } : given),
  part({
    example: value.optional(),
    default: value.optional(),
    speakAs: z.enum(["text", "digits"], { error: 'must be "text" or "digits"' }).optional(),
  }),
);

/** Parameters of answering-machine detection. */
function answeringPart() {
  const within = ([min, max]: readonly [number, number]) => whole(min, max).optional();
  const { initialSilenceMs, greetingMs, afterGreetingSilenceMs, totalMs } = answeringLimits;
  const { wordMsMin, wordMsMax, betweenWordsMs, wordsMax, transcriptWordsMax } = answeringLimits;
  return part({
    initialSilenceMs: within(initialSilenceMs),
    greetingMs: within(greetingMs),
    afterGreetingSilenceMs: within(afterGreetingSilenceMs),
    totalMs: within(totalMs),
    wordMsMin: within(wordMsMin),
    wordMsMax: within(wordMsMax),
    betweenWordsMs: within(betweenWordsMs),
    wordsMax: within(wordsMax),
    transcriptWordsMax: within(transcriptWordsMax),
    beepSilenceMs: within(answeringLimits.beepSilenceMs),
    beepMsMax: within(answeringLimits.beepMsMax),
  });
}

const tagRule = 'must be a language tag such as "en-US", "zh-CN" or "yue"';
export const languageTag = z
  .string({ error: tagRule })
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, { error: tagRule });

const hearing = part({
  suppressNoise: flag,
  normaliseLevel: flag,
  dialect: languageTag.optional(),
});

/** When a turn ends, and what interrupts us. */
function turnPart() {
  const within = (name: keyof typeof turnLimits) => {
    const [min, max] = turnLimits[name];
    return whole(min, max).optional();
  };
  return part({
    silenceMs: within("silenceMs"),
    completeSilenceMs: within("completeSilenceMs"),
    addedSilenceMs: within("addedSilenceMs"),
    unknownSilenceMs: within("unknownSilenceMs"),
    unfinishedSilenceMs: within("unfinishedSilenceMs"),
    digitsSilenceMs: within("digitsSilenceMs"),
    freeSilenceMs: within("freeSilenceMs"),
    revokeMs: within("revokeMs"),
    turnMsMax: within("turnMsMax"),
    bargeInSpeechMs: within("bargeInSpeechMs"),
    bargeInSureMs: within("bargeInSureMs"),
  });
}

/** The whole file. */
export const flowSchema = part({
  id: name.optional(),
  language: text(flowLimits.nameCharsMax).optional(),
  voice: name.optional(),
  description: text(flowLimits.sayCharsMax).optional(),
  start: name.optional(),
  maxTurns: whole(1, flowLimits.maxTurnsMax).optional(),
  afterMaxTurns: name.optional(),
  answeringMachine: name.optional(),
  answering: answeringPart().optional(),
  turns: turnPart().optional(),
  offline: text(flowLimits.sayCharsMax).optional(),
  variables: namesTo(variable, "variable: example").optional(),
  languages: z
    .record(languageTag, name, {
      error: (issue) =>
        issue.code === "invalid_type" ? "must be a map of language: id of a flow" : undefined,
    })
    .optional(),
  hearing: hearing.optional(),
  analyzers: listOf(name, 12, "the name of an analyzer").optional(),
  defaults: part({ interruptible: flag, silence, noMatch, onResume, onLabel }).optional(),
  states: namesTo(state, "state: what it says and expects").optional(),
});

/** A flow file of the right shape, with what it does not say left out. */
export type FlowDraft = z.output<typeof flowSchema>;
export type StateDraft = NonNullable<FlowDraft["states"]>[string];
export type IntentDraft = z.output<typeof intent>;
export type RetryDraft = NonNullable<StateDraft["silence"]>;
export type LabelRuleDraft = NonNullable<StateDraft["onLabel"]>[number];
export type ResumeDraft = NonNullable<StateDraft["onResume"]>;
