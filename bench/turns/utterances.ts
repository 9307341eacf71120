/**
 * The utterances of the bench: drawn from word lists and pause distributions by a fixed seed, half
 * of each scenario held out. The set was committed before any number of the product was chosen by
 * it, and a test guards its checksum.
 *
 * Pauses inside a turn of telephone speech are mostly a quarter to three quarters of a second; the
 * longest here are those of people who think, or look a number up.
 */
import { chanceOf, type Chance, type PauseShape } from "./chance.js";
import type { Part, Question, Scenario, Utterance } from "./script.js";
import {
  billingChoices,
  freeSentences,
  moreAfterChoice,
  moreAfterYesNo,
  openers,
  yesNoPhrases,
} from "./words.js";

/** After a phrase that could have been all: people who go on mostly do so soon. */
const afterPhrase: PauseShape = { medianMs: 260, sigma: 0.4, minMs: 120, maxMs: 600 };
/** Between groups of digits: they are read from somewhere. */
const betweenGroups: PauseShape = { medianMs: 380, sigma: 0.45, minMs: 150, maxMs: 900 };
/** After "um". */
const afterHesitation: PauseShape = { medianMs: 450, sigma: 0.4, minMs: 180, maxMs: 900 };
/** Between clauses. */
const betweenClauses: PauseShape = { medianMs: 400, sigma: 0.45, minMs: 150, maxMs: 900 };

type Draft = { readonly question: Question; readonly parts: readonly Part[]; pace?: number };
type Recipe = {
  readonly scenario: Scenario;
  readonly count: number;
  readonly draw: (chance: Chance, index: number) => Draft;
};

const recipes: readonly Recipe[] = [
  {
    scenario: "yes or no",
    count: 48,
    draw: (_, index) => ({ question: "yesno", parts: say(nth(yesNoPhrases, index)) }),
  },
  {
    scenario: "choice",
    count: 48,
    draw: (_, index) => ({ question: "choice", parts: say(nth(billingChoices, index)) }),
  },
  { scenario: "digits", count: 32, draw: drawDigits },
  { scenario: "digits in groups", count: 48, draw: drawGroups },
  { scenario: "phrase, pause, more", count: 48, draw: drawMore },
  { scenario: "hesitation", count: 40, draw: drawHesitation },
  { scenario: "fast talker", count: 40, draw: drawFast },
  { scenario: "free speech", count: 48, draw: drawFree },
];

/** All of them, in a fixed order. */
export function allUtterances(): readonly Utterance[] {
  return recipes.flatMap(({ scenario, count, draw }) => {
    const chance = chanceOf(`utterances of ${scenario}`);
    const drafts = Array.from({ length: count }, (_, index) => {
      const pace = chance.between(0.9, 1.15);
      return { pace, ...draw(chance, index) };
    });
    const places = chanceOf(`split of ${scenario}`).shuffled(drafts.map((_, index) => index));
    const heldOut = new Set(places.slice(0, count / 2));
    return drafts.map((draft, index) => ({
      ...draft,
      scenario,
      id: `${scenario} ${index + 1}`,
      isHeldOut: heldOut.has(index),
    }));
  });
}

function say(text: string): readonly Part[] {
  return [{ text }];
}

function nth<Item>(list: readonly Item[], index: number): Item {
  return list[index % list.length]!;
}

const digitWords = "zero one two three four five six seven eight nine".split(" ");

function digitsOf(chance: Chance, count: number): string[] {
  return Array.from({ length: count }, () => chance.pick(digitWords));
}

/** A code of four digits, or an account number of five to eight. */
function drawDigits(chance: Chance, index: number): Draft {
  const isCode = index % 2 === 0;
  const count = isCode ? 4 : 5 + Math.floor(chance.next() * 4);
  return { question: isCode ? "code" : "account", parts: say(digitsOf(chance, count).join(" ")) };
}

/** Groups of one to three, as people read a number from a card. */
function drawGroups(chance: Chance, index: number): Draft {
  const isCode = index % 2 === 0;
  const count = isCode ? 4 : 5 + Math.floor(chance.next() * 4);
  const digits = digitsOf(chance, count);
  const parts: Part[] = [];
  while (digits.length > 0) {
    if (parts.length > 0) parts.push({ pauseMs: chance.pauseMs(betweenGroups) });
    const most = parts.length === 0 ? Math.min(3, digits.length - 1) : Math.min(3, digits.length);
    parts.push({ text: digits.splice(0, 1 + Math.floor(chance.next() * most)).join(" ") });
  }
  return { question: isCode ? "code" : "account", parts };
}

/** A whole answer, and then more of it. */
function drawMore(chance: Chance, index: number): Draft {
  const isYesNo = index % 2 === 0;
  const [first, more] = isYesNo
    ? chance.pick(moreAfterYesNo)
    : [chance.pick(billingChoices), chance.pick(moreAfterChoice)];
  const pause = { pauseMs: chance.pauseMs(afterPhrase) };
  const parts = [{ text: `${first},` }, pause, { text: more }];
  return { question: isYesNo ? "yesno" : "choice", parts };
}

/** "Um …", or a sentence that stops to look for its end. */
function drawHesitation(chance: Chance, index: number): Draft {
  const isYesNo = index % 2 === 0;
  const phrase = chance.pick(isYesNo ? yesNoPhrases : billingChoices);
  const pause = { pauseMs: chance.pauseMs(afterHesitation) };
  const words = phrase.split(" ");
  const question = isYesNo ? "yesno" : "choice";
  if (words.length < 3 || chance.next() < 0.5) {
    return { question, parts: [{ text: chance.pick(openers) }, pause, { text: phrase }] };
  }
  const at = 1 + Math.floor(chance.next() * (words.length - 2));
  const [begin, end] = [words.slice(0, at).join(" "), words.slice(at).join(" ")];
  return { question, parts: [{ text: begin }, pause, { text: end }] };
}

function drawFast(chance: Chance, index: number): Draft {
  const pace = chance.between(1.4, 1.7);
  if (index % 4 === 3) return { ...drawDigits(chance, index), pace };
  const isYesNo = index % 2 === 0;
  const text = chance.pick(isYesNo ? yesNoPhrases : billingChoices);
  return { question: isYesNo ? "yesno" : "choice", parts: say(text), pace };
}

/** One to three clauses. */
function drawFree(chance: Chance, index: number): Draft {
  const clauses = nth(freeSentences, index).split(" | ");
  const parts = clauses.flatMap((text, at): Part[] =>
    at === 0 ? [{ text }] : [{ pauseMs: chance.pauseMs(betweenClauses) }, { text }],
  );
  return { question: "free", parts };
}
