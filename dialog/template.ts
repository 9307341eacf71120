/**
 * Texts with `{{name}}` places. There is no expression language: a place is the name of a declared
 * variable, filled once, and what is filled in is never read as a template again.
 */
import { isSsml } from "../codecs/ssml/ssml.js";
import { namePattern } from "./flow-schema.js";
import { flowLimits } from "./limits.js";

/** A text cut at its places. */
export type Template = {
  /** As written. */
  readonly source: string;
  readonly parts: readonly (string | { readonly variable: string })[];
  /** Without places: the same in every call. */
  readonly isFixed: boolean;
};

/** How a variable is spoken: as it is, or digit by digit. */
export type SpeakAs = "text" | "digits";

const place = /\{\{([^{}]*)\}\}/g;

/** Cuts `source` at its places. What is wrong with it, if anything, is in `templateProblem`. */
export function parseTemplate(source: string): Template {
  const parts: (string | { variable: string })[] = [];
  let end = 0;
  for (const match of source.matchAll(place)) {
    if (match.index > end) parts.push(source.slice(end, match.index));
    parts.push({ variable: (match[1] ?? "").trim() });
    end = match.index + match[0].length;
  }
  if (end < source.length) parts.push(source.slice(end));
  return { source, parts, isFixed: parts.every((part) => typeof part === "string") };
}

/** Names of the variables in `template`, in order. */
export function variablesOf(template: Template): string[] {
  return template.parts.flatMap((part) => (typeof part === "string" ? [] : [part.variable]));
}

/** What is wrong with the places of `template`, or undefined. */
export function templateProblem(template: Template): string | undefined {
  const badName = variablesOf(template).find((variable) => !namePattern.test(variable));
  if (badName !== undefined) {
    return `{{${badName}}} is not a variable; write {{name}}: names only, no expressions`;
  }
  const hasStrayBraces = template.parts.some(
    (part) => typeof part === "string" && /\{\{|\}\}/.test(part),
  );
  return hasStrayBraces ? "braces do not pair up; write {{name}}" : undefined;
}

/** Fills the places; `valueOf` gives a cleaned value. */
export function fillTemplate(template: Template, valueOf: (variable: string) => string): string {
  // A value may stand in an attribute: its quotes must not end it.
  const inPlace = isSsml(template.source) ? quoted : (value: string): string => value;
  const filled = template.parts.map((part) =>
    typeof part === "string" ? part : inPlace(valueOf(part.variable)),
  );
  return filled.join("").replace(/\s+/g, " ").trim();
}

function quoted(value: string): string {
  return value.replaceAll('"', "&quot;").replaceAll("'", "&apos;");
}

/**
 * A value fit to be spoken: one line of at most `flowLimits.valueCharsMax` characters, without
 * control characters and without what markup or templates are made of (`< > & { } \`).
 */
export function cleanValue(value: string): string {
  const plain = value
    .slice(0, 4 * flowLimits.valueCharsMax)
    .normalize("NFKC")
    .replace(/[\p{C}<>&{}\\`]/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
  return [...plain].slice(0, flowLimits.valueCharsMax).join("").trim();
}

/** A cleaned value as it is put into a text: digits are set apart, so that each is spoken. */
export function speakValue(value: string, speakAs: SpeakAs): string {
  return speakAs === "text" ? value : [...value.replaceAll(" ", "")].join(" ");
}
