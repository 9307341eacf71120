/** Language tags (BCP 47), as far as vendors are chosen by them. Pure. */

/** "en" covers "en-US", not the other way round. */
export function covers(one: string, language: string): boolean {
  return `${language.toLowerCase()}-`.startsWith(`${one.toLowerCase()}-`);
}

/** Whether somebody with these languages has this one; without a list they have all. */
export function speaks(languages: readonly string[] | undefined, language: string): boolean {
  return languages?.some((one) => covers(one, language)) ?? true;
}

const names = new Map([
  ["english", "en"],
  ["chinese", "zh"],
  ["mandarin", "zh"],
  ["cantonese", "yue"],
]);

/**
 * What a vendor says it heard, as a tag: `zh`, `<|zh|>`, `en-US`, `english`. Undefined for what is
 * no language.
 */
export function heardLanguage(said: unknown): string | undefined {
  if (typeof said !== "string") return undefined;
  const plain = said.replace(/^<\|(.*)\|>$/, "$1").trim();
  const named = names.get(plain.toLowerCase());
  if (named !== undefined) return named;
  return /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(plain) ? plain : undefined;
}
