/**
 * Text in pieces: for streaming, so that the first piece is spoken while the others are still
 * being rendered; for rendering, so that no piece is long. Pure. Nothing is lost: the pieces
 * together are the text, white space aside.
 */
import { cutAtHanEnds, isHanText, splitFirstHan, wrapHan } from "./han-text.js";

/** The first piece is what a caller waits for: about two seconds of speech. */
const FIRST_CHARACTERS_MAX = 60;
/** A shorter clause is no gain: the next piece could not be ready before it has been spoken. */
const FIRST_CHARACTERS_MIN = 12;
/** Later pieces are ready in time at any length; this bounds the work of one. */
const PIECE_CHARACTERS_MAX = 250;

const ABBREVIATIONS = new Set(
  "mr mrs ms dr st ave vs etc e.g i.e a.m p.m prof sr jr dept ext approx inc ltd co".split(" "),
);

/**
 * Splits a text for streamed speech: at sentence ends, the first piece short, none without
 * anything to speak (unless the whole text is so). An empty text gives no pieces.
 */
export function splitSentences(text: string): string[] {
  const [first, ...rest] = sentencesOf(text);
  if (first === undefined) return [];
  return [...splitFirst(first), ...rest].flatMap((piece) => wrap(piece, PIECE_CHARACTERS_MAX));
}

/** Whole sentences together in as few pieces as hold at most `charactersMax` characters each. */
export function packSentences(text: string, charactersMax: number): string[] {
  const pieces: string[] = [];
  for (const part of sentencesOf(text).flatMap((sentence) => wrap(sentence, charactersMax))) {
    const last = pieces.at(-1);
    if (last !== undefined && last.length + 1 + part.length <= charactersMax) {
      pieces[pieces.length - 1] = `${last} ${part}`;
    } else {
      pieces.push(part);
    }
  }
  return pieces;
}

function sentencesOf(text: string): string[] {
  const words = text
    .split(/\s+/)
    .flatMap(cutAtHanEnds)
    .filter((word) => word !== "");
  const sentences: string[] = [];
  let sentence: string[] = [];
  for (const word of words) {
    sentence.push(word);
    if (endsSentence(word)) {
      sentences.push(sentence.join(" "));
      sentence = [];
    }
  }
  if (sentence.length > 0) sentences.push(sentence.join(" "));
  return mergeSilent(sentences);
}

/** Whether a word closes its sentence; `Dr.`, `p.m.` and initials such as `J.` do not. */
function endsSentence(word: string): boolean {
  const match = /^(.*?)([.!?…。！？]+)["'”’)\]]*$/u.exec(word);
  if (match === null) return false;
  const [, stem = "", end] = match;
  if (end !== ".") return true;
  const bare = stem.replace(/^["'“‘([]+/u, "");
  return !ABBREVIATIONS.has(bare.toLowerCase()) && !/^\p{Lu}$/u.test(bare);
}

/** A piece of mere signs can not be spoken alone: it joins the piece before it, or after. */
function mergeSilent(sentences: readonly string[]): string[] {
  const merged: string[] = [];
  for (const sentence of sentences) {
    const last = merged.at(-1);
    if (last !== undefined && !(isSpeakable(sentence) && isSpeakable(last))) {
      merged[merged.length - 1] = `${last} ${sentence}`;
    } else {
      merged.push(sentence);
    }
  }
  return merged;
}

function isSpeakable(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

/** Cuts a long first sentence after its first clause that is worth a piece of its own. */
function splitFirst(sentence: string): string[] {
  if (isHanText(sentence)) return splitFirstHan(sentence);
  if (sentence.length <= FIRST_CHARACTERS_MAX) return [sentence];
  for (const { index } of sentence.matchAll(/[,;:–—-] /gu)) {
    const clause = sentence.slice(0, index + 1);
    const rest = sentence.slice(index + 2);
    if (clause.length > FIRST_CHARACTERS_MAX) break;
    if (clause.length >= FIRST_CHARACTERS_MIN && isSpeakable(clause) && isSpeakable(rest)) {
      return [clause, rest];
    }
  }
  return [sentence];
}

/** Cuts at the last clause end, else the last space, below the limit; a longer word stays whole. */
function wrap(piece: string, charactersMax: number): string[] {
  if (isHanText(piece)) return wrapHan(piece, charactersMax);
  const pieces: string[] = [];
  let rest = piece;
  while (rest.length > charactersMax) {
    const at = cutBefore(rest, charactersMax);
    if (at === -1 || !isSpeakable(rest.slice(0, at)) || !isSpeakable(rest.slice(at))) break;
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at + 1);
  }
  return [...pieces, rest];
}

/** Where the space is at which to cut, or -1. */
function cutBefore(text: string, charactersMax: number): number {
  const head = text.slice(0, charactersMax + 1);
  const clause = Math.max(...[", ", "; ", ": "].map((end) => head.lastIndexOf(end))) + 1;
  if (clause > charactersMax / 3) return clause;
  const space = head.lastIndexOf(" ");
  return space > 0 ? space : text.indexOf(" ", charactersMax);
}
