/** Checks what states expect: every intent handled, no phrase or key with two meanings. */
import type { FlowPath } from "../flow-errors.js";
import type { IntentDraft } from "../flow-schema.js";
import { isSpeakable, normaliseText } from "../nlu/normalise.js";
import { parseSpokenDigits } from "../nlu/spoken-digits.js";
import { flowLimits } from "../limits.js";
import { suggestion } from "../../config/suggestion.js";
import { reservedIntents, statesOf, type Check, type StateEntry } from "./check.js";

/** Reports intents, phrases and keys that cannot work as written. */
export function checkAnswers(check: Check): void {
  for (const entry of statesOf(check)) {
    if (entry[1].expect === undefined) continue;
    checkHandled(check, entry);
    checkSizes(check, entry);
    checkPhrases(check, entry);
    checkKeys(check, entry);
  }
}

function checkHandled({ report, isLeftOut }: Check, [name, state]: StateEntry): void {
  const path = ["states", name];
  const { intents = {}, digits, free } = state.expect ?? {};
  const expected = new Set([
    ...Object.keys(intents),
    ...(digits === undefined ? [] : ["digits"]),
    ...(free === undefined ? [] : ["free"]),
  ]);
  const on = state.on ?? {};
  for (const intent of Object.keys(on)) {
    if (expected.has(intent) || intent === "otherwise" || isLeftOut([...path, "expect"])) continue;
    const hint = suggestion(intent, expected);
    const message = `"${intent}" is handled, but this state does not expect it${hint}`;
    report("intent", [...path, "on", intent], message, "key");
  }
  if (on["otherwise"] !== undefined || isLeftOut([...path, "on"])) return;
  for (const intent of expected) {
    if (Object.hasOwn(on, intent)) continue;
    const isIntent = Object.hasOwn(intents, intent);
    const where = [...path, "expect", ...(isIntent ? ["intents"] : []), intent];
    report("intent", where, `"${intent}" is expected, but on has neither it nor otherwise`, "key");
  }
}

function checkSizes({ report, isLeftOut }: Check, [name, { expect }]: StateEntry): void {
  const path = ["states", name, "expect", "intents"];
  const intents = Object.entries(expect?.intents ?? {});
  if (intents.length > flowLimits.intentsPerStateMax) {
    const message = `${intents.length} intents; at most ${flowLimits.intentsPerStateMax} in a state`;
    report("tooBig", path, message, "key");
  }
  const phrases = intents.reduce((sum, [, intent]) => sum + (intent.phrases?.length ?? 0), 0);
  if (phrases > flowLimits.phrasesPerStateMax) {
    const message = `${phrases} phrases; at most ${flowLimits.phrasesPerStateMax} in a state`;
    report("tooBig", path, message, "key");
  }
  for (const [intent, { phrases: spoken, keypad }] of intents) {
    const where = [...path, intent];
    if ((reservedIntents as readonly string[]).includes(intent)) {
      const message = `an intent cannot be named "${intent}": the name has a meaning under on`;
      report("intent", where, message, "key");
    }
    if (spoken === undefined && keypad === undefined && !isLeftOut(where)) {
      report("intent", where, "has neither phrases nor keypad: nobody can answer it", "key");
    }
  }
}

function checkPhrases({ report }: Check, [name, { expect }]: StateEntry): void {
  const owners = new Map<string, string>();
  for (const { intent, phrase, path } of phrasesOf(name, expect?.intents ?? {})) {
    const words = normaliseText(phrase);
    const owner = owners.get(words);
    if (!isSpeakable(phrase)) {
      report("unspeakable", path, `nobody can say "${phrase}": a letter or a digit is needed`);
    } else if (/[{}]/.test(phrase)) {
      report("phrase", path, "a phrase holds no variables: grammars are made before the call");
    } else if (owner !== undefined && owner !== intent) {
      report("phrase", path, `"${phrase}" already means "${owner}" in this state`);
    } else if (expect?.digits !== undefined && parseSpokenDigits(phrase) !== undefined) {
      report("phrase", path, `"${phrase}" is also a digit string, which this state expects`);
    }
    if (words !== "" && owner === undefined) owners.set(words, intent);
  }
}

type PhraseAt = { readonly intent: string; readonly phrase: string; readonly path: FlowPath };

function phrasesOf(state: string, intents: Readonly<Record<string, IntentDraft>>): PhraseAt[] {
  return Object.entries(intents).flatMap(([intent, { phrases = [] }]) =>
    phrases.map((phrase, index) => ({
      intent,
      phrase,
      path: ["states", state, "expect", "intents", intent, "phrases", index],
    })),
  );
}

function checkKeys({ report }: Check, [name, { expect }]: StateEntry): void {
  const owners = new Map<string, string>();
  for (const [intent, { keypad = [] }] of Object.entries(expect?.intents ?? {})) {
    for (const [index, key] of keypad.entries()) {
      const path = ["states", name, "expect", "intents", intent, "keypad", index];
      const owner = owners.get(key);
      if (owner !== undefined) {
        report("keypad", path, `key "${key}" already means "${owner}" in this state`);
      } else if (expect?.digits !== undefined && key !== "*") {
        report(
          "keypad",
          path,
          `key "${key}" is part of the digits this state expects; "*" is free`,
        );
      }
      owners.set(key, owner ?? intent);
    }
  }
}
