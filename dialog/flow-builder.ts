/** Checked draft → flow: defaults filled in, texts cut at their places, phrases made ready. */
import { assert } from "../base/assert.js";
import { kindOf, labelRules, retryTarget, type StateEntry } from "./checks/check.js";
import type { Expectation, FlowHearing } from "./dialog-types.js";
import type {
  AskState,
  DigitsEntry,
  EndState,
  Flow,
  FlowState,
  Intent,
  LabelRule,
  PassState,
  Resume,
  Retry,
  Variable,
} from "./flow-model.js";
import type { FlowDraft, LabelRuleDraft, ResumeDraft, StateDraft } from "./flow-schema.js";
import { flowDefaults } from "./limits.js";
import { spokenForm } from "./nlu/normalise.js";
import { createPhraseMatcher } from "./nlu/phrase-matcher.js";
import { offlineText } from "./offline-texts.js";
import { cleanValue, parseTemplate, type Template } from "./template.js";

/** Builds the flow of a draft that all checks have passed; anything missing now is our bug. */
export function buildFlow(draft: FlowDraft): Flow {
  const { id, language, voice, start, afterMaxTurns, answeringMachine } = draft;
  assert(id !== undefined && language !== undefined, "a checked flow has id and language");
  assert(voice !== undefined && start !== undefined, "a checked flow has voice and start");
  const entries = Object.entries(draft.states ?? {});
  return {
    id,
    language,
    voice,
    start,
    maxTurns: draft.maxTurns ?? flowDefaults.maxTurns,
    ...(afterMaxTurns === undefined ? {} : { afterMaxTurns }),
    ...(answeringMachine === undefined ? {} : { answeringMachine }),
    answering: said(draft.answering ?? {}),
    turns: said(draft.turns ?? {}),
    offline: draft.offline ?? offlineText(language),
    languages: draft.languages ?? {},
    hearing: buildHearing(draft.hearing),
    analyzers: [...new Set(draft.analyzers ?? [])],
    variables: buildVariables(draft),
    states: new Map(entries.map((entry) => [entry[0], buildState(draft, entry)])),
  };
}

/** Without keys that were left out. */
function said<Name extends string>(
  parameters: Partial<Record<Name, number | undefined>>,
): Partial<Record<Name, number>> {
  const pairs = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return Object.fromEntries(pairs) as Partial<Record<Name, number>>;
}

function buildHearing(draft: FlowDraft["hearing"]): FlowHearing {
  const { suppressNoise, normaliseLevel, dialect } = draft ?? {};
  return {
    ...(suppressNoise === undefined ? {} : { suppressesNoise: suppressNoise }),
    ...(normaliseLevel === undefined ? {} : { normalisesLevel: normaliseLevel }),
    ...(dialect === undefined ? {} : { dialect }),
  };
}

function buildVariables(draft: FlowDraft): Map<string, Variable> {
  const expects = Object.values(draft.states ?? {}).map(({ expect }) => expect);
  const digitStores = new Set(expects.map((expect) => expect?.digits?.store));
  const stores = new Set([
    ...digitStores,
    ...expects.map((expect) => expect?.free?.store),
    ...expects
      .flatMap((expect) => Object.values(expect?.intents ?? {}))
      .flatMap(({ set }) => Object.keys(set ?? {})),
  ]);
  const variables = Object.entries(draft.variables ?? {}).map(([name, raw]): Variable => {
    const { example = "", default: defaultValue, speakAs } = raw;
    return {
      name,
      example: cleanValue(example),
      ...(defaultValue === undefined ? {} : { defaultValue: cleanValue(defaultValue) }),
      speakAs: speakAs ?? (digitStores.has(name) ? "digits" : "text"),
      isRequired: defaultValue === undefined && !stores.has(name),
    };
  });
  return new Map(variables.map((variable) => [variable.name, variable]));
}

function buildState(draft: FlowDraft, entry: StateEntry): FlowState {
  const [name, state] = entry;
  const kind = kindOf(state);
  const say = templates(state.say);
  // Also at an end: a caller who had not finished must be able to take the goodbye back.
  const isInterruptible = state.interruptible ?? draft.defaults?.interruptible ?? true;
  const common = { name, say, isInterruptible };
  if (kind === "end") return { kind, ...common, outcome: state.end ?? "" } satisfies EndState;
  if (kind === "pass") return { kind, ...common, next: state.then ?? "" } satisfies PassState;
  return { kind: "ask", ...common, ...buildAnswers(draft, entry) };
}

type Answers = Omit<AskState, "kind" | "name" | "say" | "isInterruptible">;

function buildAnswers(draft: FlowDraft, entry: StateEntry): Answers {
  const { expect = {}, silence } = entry[1];
  const intents = Object.entries(expect.intents ?? {}).map(
    ([name, { phrases = [], keypad = [], set = {} }]): Intent => ({
      name,
      phrases,
      keypad,
      set: Object.fromEntries(Object.entries(set).map(([key, value]) => [key, cleanValue(value)])),
    }),
  );
  const digits = buildDigits(expect.digits);
  const afterMs = silence?.afterMs ?? draft.defaults?.silence?.afterMs ?? flowDefaults.silenceMs;
  return {
    intents,
    ...(digits === undefined ? {} : { digits }),
    ...(expect.free === undefined ? {} : { free: buildFree(expect.free) }),
    next: buildNext(entry[1], intents),
    silence: { ...buildRetry(draft, entry, "silence"), afterMs },
    noMatch: buildRetry(draft, entry, "noMatch"),
    onResume: buildResume(entry[1].onResume ?? draft.defaults?.onResume),
    onLabel: labelRules(draft, entry).map(buildLabelRule),
    expectation: buildExpectation(expect, intents, digits),
    matcher: createPhraseMatcher(intents),
  };
}

type ExpectDraft = NonNullable<StateDraft["expect"]>;

function buildFree({ store, as }: NonNullable<ExpectDraft["free"]>): NonNullable<AskState["free"]> {
  return { ...(store === undefined ? {} : { store }), ...(as === undefined ? {} : { as }) };
}

function buildDigits(digits: ExpectDraft["digits"]): DigitsEntry | undefined {
  if (digits === undefined) return undefined;
  const { min = 1, max = min, store, interDigitMs = flowDefaults.interDigitMs } = digits;
  return { min, max, ...(store === undefined ? {} : { store }), interDigitMs };
}

function buildNext({ expect, on = {} }: StateDraft, intents: readonly Intent[]) {
  const { digits, free } = expect ?? {};
  const names = [
    ...intents.map(({ name }) => name),
    ...(digits === undefined ? [] : ["digits"]),
    ...(free === undefined ? [] : ["free"]),
  ];
  return new Map(
    names.map((name) => {
      const next = Object.hasOwn(on, name) ? on[name] : on["otherwise"];
      assert(next !== undefined, "a checked flow handles every intent", { name });
      return [name, next] as const;
    }),
  );
}

function buildRetry(draft: FlowDraft, entry: StateEntry, key: "silence" | "noMatch"): Retry {
  const [name, state] = entry;
  const shared = draft.defaults?.[key];
  const target = retryTarget(draft, entry, key);
  assert(target !== undefined, "a checked flow says where a retry leads", { name, key });
  // "Anything else → fallback": without a word about retries, what is not understood goes there.
  const isDirect = key === "noMatch" && state[key] === undefined && shared === undefined;
  const retries = key === "silence" ? flowDefaults.silenceRetries : flowDefaults.noMatchRetries;
  return {
    say: templates(state[key]?.say ?? shared?.say),
    max: state[key]?.max ?? shared?.max ?? (isDirect ? 0 : retries),
    then: target.to,
  };
}

/** Without a word about it, the flow listens on. */
function buildResume({ say, repeat, then }: ResumeDraft = {}): Resume {
  // A sentence that bridges the gap leads back to the question.
  const isRepeated = repeat ?? (say !== undefined && then === undefined);
  return { say: templates(say), isRepeated, ...(then === undefined ? {} : { then }) };
}

function buildLabelRule(rule: LabelRuleDraft): LabelRule {
  const { label = "", is = [], atLeast = 0, intent, then = "" } = rule;
  return { label, is, atLeast, then, ...(intent === undefined ? {} : { intent }) };
}

function buildExpectation(
  expect: ExpectDraft,
  intents: readonly Intent[],
  digits: DigitsEntry | undefined,
): Expectation {
  const phrases = new Set(intents.flatMap((intent) => intent.phrases.map(spokenForm)));
  const keys = new Set([
    ...intents.flatMap(({ keypad }) => keypad),
    ...(digits === undefined ? [] : [..."0123456789#*"]),
  ]);
  const kind = digits !== undefined ? "digits" : expect.free !== undefined ? "free" : "choice";
  return Object.freeze({
    kind,
    phrases: Object.freeze([...phrases]),
    ...(digits === undefined ? {} : { digits: { min: digits.min, max: digits.max } }),
    keypad: Object.freeze([...keys]),
  });
}

function templates(say: readonly string[] = []): Template[] {
  return say.map((text) => parseTemplate(text));
}
