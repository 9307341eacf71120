/** Text as XML may hold it, in content and in attributes. Pure. */

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** Control characters, which XML 1.0 has no way to write, become spaces (section 2.2). */
export function escapeXml(text: string): string {
  return text
    .replace(/[&<>"']/g, (sign) => entities[sign]!)
    .replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, " ");
}
