/** Sentences one after the other: Han script and its punctuation stand without spaces. Pure. */

const tight = /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u;

/** `first`, then `second`; either may be empty. */
export function joinTexts(first: string, second: string): string {
  if (first === "" || second === "") return first + second;
  const isTight = tight.test(first.at(-1)!) || tight.test(second[0]!);
  return isTight ? first + second : `${first} ${second}`;
}
