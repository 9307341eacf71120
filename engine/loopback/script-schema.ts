/**
 * The shape of a callee script in YAML: which keys there are and what kind of value each takes.
 * Nearly everything is optional here, so that one wrong value hides no other mistake; what must be
 * there is the business of `script-source.ts`.
 */
import { z } from "zod";
import { CALLEE_PROTOCOLS, CALLEE_VOICES } from "./callee-script.js";

const DURATION_S_MAX = 120;
const TEXT_CHARACTERS_MAX = 500;
const TURNS_MAX = 50;

const nameRule =
  'must be a name: a small letter, then small letters, digits or "-", at most 64 in all';
const name = z.string({ error: nameRule }).regex(/^[a-z][a-z0-9-]{0,63}$/, { error: nameRule });

const textRule = `must be a text of 1 to ${TEXT_CHARACTERS_MAX} characters with a letter or digit`;
const text = z
  .string({ error: textRule })
  .max(TEXT_CHARACTERS_MAX, { error: textRule })
  .regex(/[\p{L}\p{N}]/u, { error: textRule });

const durationRule = `must be a duration from 0ms to ${DURATION_S_MAX}s with its unit, e.g. 300ms or 1.5s`;
const duration = z
  .string({ error: durationRule })
  .refine((value) => (durationMs(value) ?? Infinity) <= DURATION_S_MAX * 1000, {
    error: durationRule,
  });

/** Milliseconds of `300ms` or `1.5s`; undefined for anything else. */
export function durationMs(value: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s)$/.exec(value.trim());
  if (match === null) return undefined;
  return Number(match[1]) * (match[2] === "s" ? 1000 : 1);
}

const partRule = "must be a text or { pause: 300ms }";
const part = z.preprocess(
  (value) => (typeof value === "string" ? { text: value } : value),
  map({ text: text.optional(), pause: duration.optional() }, partRule),
);

const keysRule = 'must be keys: 0 to 9, "*" or "#", at most 32';
const keys = z.preprocess(
  // `press: 1` is what people write; YAML makes a number of it.
  (value) => (typeof value === "number" ? String(value) : value),
  z.string({ error: keysRule }).regex(/^[0-9*#]{1,32}$/, { error: keysRule }),
);

/** The ways to act, and to answer the phone. */
export const thenRule = 'must be one of { say: … }, { press: "1" }, silence, hangup';
export const answerRule = "must be one of { after: 300ms }, busy, noAnswer, reject";

const alone = z.literal(true, { error: "must stand alone, without a value" }).optional();

const action = z.preprocess(
  wordAsKey,
  map(
    {
      say: listOf(part, 20, "a text").optional(),
      press: keys.optional(),
      silence: alone,
      hangup: alone,
    },
    thenRule,
    isOneAtMost,
  ),
);

const turn = map(
  {
    hear: text.optional(),
    again: listOf(text, 20, "a text").optional(),
    interruptAfter: duration.optional(),
    delay: duration.optional(),
    then: action.optional(),
  },
  "must be a map with any of: hear, again, interruptAfter, delay, then",
);
const turnsRule = `must be a list of 1 to ${TURNS_MAX} turns`;
const turns = z
  .array(turn, { error: turnsRule })
  .min(1, { error: turnsRule })
  .max(TURNS_MAX, { error: turnsRule })
  .optional();

const answer = z.preprocess(
  wordAsKey,
  map(
    { after: duration.optional(), busy: alone, noAnswer: alone, reject: alone },
    answerRule,
    isOneAtMost,
  ),
);

/** The whole file. */
export const scriptSchema = map(
  {
    id: name.optional(),
    description: text.optional(),
    flow: text.optional(),
    variables: z.record(z.string(), text, { error: "must be a map of variable: text" }).optional(),
    protocol: oneOf(CALLEE_PROTOCOLS).optional(),
    voice: oneOf(CALLEE_VOICES).optional(),
    answer: answer.optional(),
    expectOutcome: text.optional(),
    turns,
    keypadOnly: turns,
    alsoHeard: listOf(text, 100, "a text").optional(),
  },
  "must be a map",
);

/** A script file of the right shape, with what it does not say left out. */
export type ScriptDraft = z.output<typeof scriptSchema>;
export type TurnDraft = z.output<typeof turn>;
export type ActionDraft = z.output<typeof action>;
export type AnswerDraft = z.output<typeof answer>;

/** A map of these keys only; `fits` judges the whole once its parts are right. */
function map<Shape extends z.ZodRawShape>(
  shape: Shape,
  rule: string,
  fits: (given: object) => boolean = () => true,
) {
  return z
    .strictObject(shape, {
      error: (issue) => (issue.code === "invalid_type" ? rule : undefined),
    })
    .refine((given) => fits(given), { error: rule });
}

/** None at all is found by `script-source.ts`: an unknown key is not two mistakes. */
function isOneAtMost(given: object): boolean {
  return Object.values(given).filter((value) => value !== undefined).length <= 1;
}

function listOf<Item extends z.ZodType>(item: Item, countMax: number, what: string) {
  const error = `must be ${what}, or a list of 1 to ${countMax}`;
  return z.preprocess(
    (value) => (Array.isArray(value) || value === undefined ? value : [value]),
    z.array(item, { error }).min(1, { error }).max(countMax, { error }),
  );
}

function oneOf<const Value extends string>(values: readonly Value[]) {
  return z.enum(values, { error: `must be one of ${values.join(", ")}` });
}

/** `then: hangup` means `then: { hangup: true }`. */
function wordAsKey(value: unknown): unknown {
  return typeof value === "string" ? { [value]: true } : value;
}
