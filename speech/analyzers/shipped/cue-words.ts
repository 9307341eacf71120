/**
 * Words that are cues, found in what a recogniser wrote. Latin words are whole words, whatever
 * their case; Chinese ones stand anywhere, since nothing separates them.
 */

const han = /\p{Script=Han}/u;
const notWord = /[^\p{L}\p{N}']+/gu;

/** Lower case, one blank between words, and one at both ends. */
export function plainWords(text: string): string {
  const folded = text.normalize("NFKC").toLowerCase().replaceAll("’", "'");
  return ` ${folded.replaceAll(notWord, " ").trim()} `;
}

/** How many of the cues are in a text; a cue may have several words. */
export function countCues(text: string, cues: readonly string[]): number {
  const words = plainWords(text);
  return cues.filter((cue) => words.includes(han.test(cue) ? cue : ` ${cue} `)).length;
}
