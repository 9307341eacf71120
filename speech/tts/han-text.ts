/**
 * Chinese text in pieces: it has no spaces, its signs stand for them, and a character is spoken as
 * long as three or four letters are. Pure; nothing is lost.
 */

/** About two seconds of speech. */
const firstCharactersMax = 20;
const firstCharactersMin = 4;
/** About fifteen seconds; vendors take some hundred bytes. */
const pieceCharactersMax = 60;

const clauseEnd = /[，；：、。！？]["'”’」』）)]*/gu;

/** Whether most of its letters are Han. */
export function isHanText(text: string): boolean {
  const letters = text.match(/\p{L}/gu) ?? [];
  const han = text.match(/\p{Script=Han}/gu) ?? [];
  return han.length > 0 && han.length * 2 >= letters.length;
}

/** Cuts a word behind the ends of sentences in it. */
export function cutAtHanEnds(word: string): string[] {
  return word.split(/(?<=[。！？]["'”’」』）)\]]*)(?=[^。！？"'”’」』）)\]])/u);
}

/** Cuts a long first sentence behind its first clause that is worth a piece of its own. */
export function splitFirstHan(sentence: string): string[] {
  if (sentence.length <= firstCharactersMax) return [sentence];
  const at = clauseEnds(sentence).find((end) => end >= firstCharactersMin);
  if (at === undefined || at > firstCharactersMax) return [sentence];
  const pieces = [sentence.slice(0, at), sentence.slice(at).trimStart()];
  return pieces.every(isSpeakable) ? pieces : [sentence];
}

/** Cuts behind the last clause below the limit; where there is none, between two characters. */
export function wrapHan(text: string, charactersMax: number): string[] {
  const most = Math.min(charactersMax, pieceCharactersMax);
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > most) {
    const clause = clauseEnds(rest).findLast((end) => end <= most) ?? 0;
    const at = clause > most / 3 ? clause : betweenCharacters(rest, most);
    if (at === 0 || !isSpeakable(rest.slice(0, at)) || !isSpeakable(rest.slice(at))) break;
    pieces.push(rest.slice(0, at).trimEnd());
    rest = rest.slice(at).trimStart();
  }
  return [...pieces, rest];
}

function isSpeakable(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

function clauseEnds(text: string): number[] {
  return [...text.matchAll(clauseEnd)].map(({ 0: signs, index }) => index + signs.length);
}

/** Neither within a number or word of another script, nor within a character of two units. */
function betweenCharacters(text: string, most: number): number {
  let at = most;
  while (at > 0 && !isBorder(text, at)) at -= 1;
  return at;
}

function isBorder(text: string, at: number): boolean {
  const isLowHalf = /[\udc00-\udfff]/.test(text[at]!);
  return !isLowHalf && !(/[\p{L}\p{N}.]/u.test(text[at - 1]!) && /[A-Za-z0-9.]/.test(text[at]!));
}
