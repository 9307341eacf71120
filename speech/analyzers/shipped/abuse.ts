/**
 * Abuse in what a callee says: `abuse` is none, profanity (swearing at nobody), insult (at us) or
 * threat, the worst of a turn. Words only: a recogniser that writes stars hides them from us, and
 * irony is not understood.
 */
import type { Analyzer, FinalText, Label } from "../analyzer.js";
import { insults, profanities, starred, threats } from "./abuse-cues.js";
import { countCues, plainWords } from "./cue-words.js";

const name = "abuse";

export function abuseAnalyzer(analyzerName = name): Analyzer {
  return {
    name: analyzerName,
    open: (_start, listener) => ({
      frame: () => undefined,
      partial: () => undefined,
      final: ({ turnId, text }: FinalText) =>
        listener({ kind: "label", label: { ...abuseOf(text), turnId } }),
      close: () => undefined,
    }),
    close: () => undefined,
  };
}

/** Pure: the worst that is in a text. */
export function abuseOf(text: string): Label {
  const spoken = withoutDisguise(text);
  const found = (cues: readonly string[]): number => countCues(spoken, cues);
  if (found(threats) > 0) return { name, value: "threat", score: 0.9 };
  const swearing = found(profanities) + (starred.test(text) ? 1 : 0);
  const insulting = found(insults);
  if (insulting > 0) return { name, value: "insult", score: swearing > 0 ? 0.95 : 0.85 };
  // Swearing that says "you" means us.
  const isAtUs = /\s(you|your|you're|ya)\s/.test(plainWords(spoken)) || /[你您]/.test(spoken);
  if (swearing > 0 && isAtUs) return { name, value: "insult", score: 0.7 };
  if (swearing > 0) return { name, value: "profanity", score: 0.8 };
  return { name, value: "none", score: 1 };
}

/** Figures beside letters stand for letters; letters that are drawn out are once or twice there. */
function withoutDisguise(text: string): string {
  const beside = /(?<=\p{L})[013457$@]|[013457$@](?=\p{L})/gu;
  const plain = text.replaceAll(beside, (sign) => letters[sign] ?? sign);
  const [once, twice] = ["$1", "$1$1"].map((as) => plain.replaceAll(/(\p{L})\1{2,}/gu, as));
  return once === twice ? plain : `${once} ${twice}`;
}

const letters: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "i",
  "3": "e",
  "4": "a",
  "5": "s",
  "7": "t",
  $: "s",
  "@": "a",
};
