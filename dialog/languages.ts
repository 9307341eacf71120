/** The languages of a flow: its own, and those for which it names other flows. Pure. */

type Spoken = { readonly language: string; readonly languages: Readonly<Record<string, string>> };

/** `zh` of `zh-CN`. */
export function primary(language: string): string {
  return language.toLowerCase().split("-")[0]!;
}

/**
 * The flow that speaks a language instead of this one: the nearest tag, or one of the same
 * language. Undefined when there is none.
 */
export function flowFor({ languages }: Spoken, language: string): string | undefined {
  const tags = Object.keys(languages);
  const wanted = language.toLowerCase();
  const exact = tags.find((tag) => tag.toLowerCase() === wanted);
  const near = exact ?? tags.find((tag) => primary(tag) === primary(wanted));
  return near === undefined ? undefined : languages[near];
}

/** Whether the flow itself speaks it: `zh` is spoken by `zh-CN`, `zh-TW` is not. */
export function speaksItself({ language }: Spoken, wanted: string): boolean {
  const [own, asked] = [language.toLowerCase(), wanted.toLowerCase()];
  return own === asked || own.startsWith(`${asked}-`);
}
