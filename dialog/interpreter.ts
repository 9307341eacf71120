/**
 * What the line brought → what it means in the present state. Pure; the machine then only knows
 * intents, finished digit strings, and answers that were not understood.
 */
import { assertNever } from "../base/assert.js";
import type { DialogEvent, Understood } from "./dialog-types.js";
import type { AskState } from "./flow-model.js";
import { parseSpokenDigits } from "./nlu/spoken-digits.js";
import { parseSpokenValue } from "./nlu/spoken-values.js";
import { cleanValue } from "./template.js";

/** An event of the machine. */
export type MachineEvent =
  | { readonly type: "intent"; readonly intent: string }
  | { readonly type: "digits"; readonly digits: string }
  | { readonly type: "free"; readonly text: string }
  /** A digit string grows, or is cleared; nothing else happens. */
  | { readonly type: "keys"; readonly keys: string }
  /** Somebody talks in the background while keys are being entered. */
  | { readonly type: "ignored" }
  | {
      readonly type: "label";
      readonly name: string;
      readonly value: string;
      readonly score: number;
    }
  | { readonly type: "noMatch" }
  | { readonly type: "silence" }
  /** The call was taken over, and its state goes elsewhere then. */
  | { readonly type: "resume" }
  | { readonly type: "machine" }
  | { readonly type: "hangup" };

export type Interpretation = { readonly event: MachineEvent; readonly understood?: Understood };

const noMatch: Interpretation = { event: { type: "noMatch" } };

/** Reads `event` in `state`; `keys` are those entered so far of a digit string. */
export function interpret(state: AskState, keys: string, event: DialogEvent): Interpretation {
  switch (event.kind) {
    case "hangup":
    case "machine":
      return { event: { type: event.kind } };
    case "label": {
      const { name, value, score } = event;
      return { event: { type: "label", name, value, score } };
    }
    case "silence":
      return keys === "" ? { event: { type: "silence" } } : finishKeys(state, keys);
    case "keypad":
      return interpretKey(state, keys, event.digit);
    case "speech":
      return interpretSpeech(state, keys, event.isRejected ? "" : event.text);
    default:
      return assertNever(event);
  }
}

function interpretSpeech(state: AskState, keys: string, text: string): Interpretation {
  const unclear: Interpretation = keys === "" ? noMatch : { event: { type: "ignored" } };
  // A free answer may mention any phrase: only one that is nothing else is an intent there.
  const match = state.matcher.match(text, { isWhole: state.free !== undefined });
  if (match !== undefined) {
    return { event: { type: "intent", intent: match.intent }, understood: match };
  }
  if (state.digits !== undefined) {
    const digits = parseSpokenDigits(text);
    return digits === undefined ? unclear : takeDigits(state, digits);
  }
  const value = freeValue(state, text);
  if (value === "") return unclear;
  return { event: { type: "free", text: value }, understood: { intent: "free", confidence: 1 } };
}

/** What a free answer says, as the state wants it; "" when it is not that. */
function freeValue({ free }: AskState, text: string): string {
  if (free === undefined) return "";
  return free.as === undefined ? cleanValue(text) : (parseSpokenValue(free.as, text) ?? "");
}

function interpretKey(state: AskState, keys: string, key: string): Interpretation {
  const intent = state.intents.find(({ keypad }) => keypad.includes(key));
  if (intent !== undefined) {
    const event = { type: "intent", intent: intent.name } as const;
    return { event, understood: { intent: intent.name, confidence: 1 } };
  }
  if (state.digits === undefined) return noMatch;
  if (key === "#") return finishKeys(state, keys);
  if (key === "*") return { event: { type: "keys", keys: "" } };
  if (!/^[0-9]$/.test(key)) return noMatch;
  const entered = keys + key;
  const isFull = entered.length >= state.digits.max;
  return isFull ? takeDigits(state, entered) : { event: { type: "keys", keys: entered } };
}

function finishKeys(state: AskState, keys: string): Interpretation {
  return keys === "" ? noMatch : takeDigits(state, keys);
}

function takeDigits({ digits }: AskState, entered: string): Interpretation {
  if (digits === undefined) return noMatch;
  if (entered.length < digits.min || entered.length > digits.max) return noMatch;
  return {
    event: { type: "digits", digits: entered },
    understood: { intent: "digits", confidence: 1 },
  };
}
