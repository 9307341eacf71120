/** The little XML that carriers are answered in. Pure. */

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** @param content text as it is, or elements that are made already */
export function element(
  name: string,
  attributes: Readonly<Record<string, string>>,
  content: { readonly text: string } | readonly string[] = [],
): string {
  const said = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`);
  const inner = "text" in content ? escaped(content.text) : content.join("");
  return `<${name}${said.join("")}>${inner}</${name}>`;
}

/** A whole document. */
export function xmlDocument(root: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${root}`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => escapes[character]!);
}
