/** Texts as they are compared: what differs only in writing is equal. Pure. */

const han = /(\p{Script=Han}|〇)/gu;

/** Most of what recognisers write is comparable as it stands. */
const plainWords = /^[a-z0-9']+(?: [a-z0-9']+)*$/;

/** Lower-case words by one space; Han characters are words of their own. */
export function comparable(text: string): string {
  if (plainWords.test(text)) return text;
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[’ʼ]/g, "'")
    .replace(/[^\p{L}\p{N}\p{M}' ]+/gu, " ")
    .replace(han, " $1 ")
    .trim()
    .replace(/\s+/g, " ");
}
