/**
 * The last sentence of a call that the engine has to end by itself, where the flow has none of its
 * own. It makes no promise that only an integrator could keep.
 */
const texts: Readonly<Record<string, string>> = {
  en: "I am sorry, we have a technical problem and have to end this call. Goodbye.",
  zh: "非常抱歉，我们遇到了技术问题，需要结束这次通话。再见。",
};

/** @param language tag of the flow, e.g. `zh-CN`; one without a text of its own gets English */
export function offlineText(language: string): string {
  const primary = language.split("-", 1)[0]!.toLowerCase();
  return texts[primary] ?? texts["en"]!;
}
