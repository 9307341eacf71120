/**
 * Reads SSML safely: plain XML with the five entities it has by itself, no DTD, no processing
 * instructions, bounded in size and depth. What an element means is not decided here.
 *
 * @see W3C "Speech Synthesis Markup Language (SSML) Version 1.1"
 */
import { SaxesParser } from "saxes";
import { EngineError } from "../../base/errors.js";

export type SsmlElement = {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly SsmlNode[];
};
export type SsmlNode = string | SsmlElement;

/** Bytes of UTF-8, and elements within elements. */
export const ssmlLimits = { bytesMax: 8 * 1024, depthMax: 16 } as const;

/** `SSML_INVALID`; the message and `detail` say the line and column, counted from 1. */
export class SsmlError extends EngineError {}

/** Whether a text has a `mark`, as far as can be seen without reading it all. */
export function hasMark(text: string): boolean {
  return isSsml(text) && /<mark\b/.test(text);
}

/** Whether a text is meant as markup. */
export function isSsml(text: string): boolean {
  return /^\s*<(\?xml|speak[\s/>])/.test(text);
}

/**
 * Reads a document.
 *
 * @returns the `speak` element
 * @throws {SsmlError}
 */
export function parseSsml(text: string): SsmlElement {
  const bytes = Buffer.byteLength(text);
  if (bytes > ssmlLimits.bytesMax) {
    throw invalid(1, 1, `${bytes} bytes, at most ${ssmlLimits.bytesMax} are right`);
  }
  return new Reader().read(text);
}

/** The words of a document as they are written, for transcripts: `sub` keeps its own. */
export function ssmlText(node: SsmlNode): string {
  const parts: string[] = [];
  const visit = (one: SsmlNode): void => {
    if (typeof one === "string") return void parts.push(one);
    const isApart = /^(p|s|break)$/.test(one.name);
    if (isApart) parts.push(" ");
    one.children.forEach(visit);
    if (isApart) parts.push(" ");
  };
  visit(node);
  return parts.join("").replace(/\s+/g, " ").trim();
}

/** A text without its markup, where it has any that reads. */
export function withoutMarkup(text: string): string {
  if (!isSsml(text)) return text;
  try {
    return ssmlText(parseSsml(text));
  } catch {
    // Whoever speaks it says what is wrong.
    return text;
  }
}

type Open = { name: string; attributes: Record<string, string>; children: SsmlNode[] };

class Reader {
  readonly #parser = new SaxesParser({ position: true });
  readonly #open: Open[] = [];
  #root: Open | undefined;

  read(text: string): SsmlElement {
    const parser = this.#parser;
    parser.on("error", (error) => {
      throw this.#invalid(error.message.replace(/^\d+:\d+: /, "").replace(/\.$/, ""));
    });
    parser.on("doctype", () => {
      throw this.#invalid("a DTD is not allowed: it could make entities without end");
    });
    parser.on("processinginstruction", () => {
      throw this.#invalid("processing instructions are not allowed");
    });
    parser.on("opentag", ({ name, attributes }) =>
      this.#opened(name, attributes as Record<string, string>),
    );
    parser.on("closetag", () => void this.#open.pop());
    parser.on("text", (chars) => void this.#open.at(-1)?.children.push(chars));
    parser.on("cdata", (chars) => void this.#open.at(-1)?.children.push(chars));
    parser.write(text.trimStart()).close();
    if (this.#root === undefined) throw this.#invalid("there is no element; speak is right");
    return this.#root;
  }

  #opened(name: string, attributes: Record<string, string>): void {
    if (this.#root === undefined && name !== "speak") {
      throw this.#invalid(`the first element is ${name.slice(0, 40)}; speak is right`);
    }
    if (this.#open.length >= ssmlLimits.depthMax) {
      throw this.#invalid(`over ${ssmlLimits.depthMax} elements within one another`);
    }
    const element: Open = { name, attributes: { ...attributes }, children: [] };
    this.#open.at(-1)?.children.push(element);
    this.#root ??= element;
    this.#open.push(element);
  }

  #invalid(message: string): SsmlError {
    return invalid(this.#parser.line, this.#parser.column + 1, message);
  }
}

function invalid(line: number, column: number, message: string): SsmlError {
  return new SsmlError("SSML_INVALID", `SSML, line ${line}, column ${column}: ${message}`, {
    line,
    column,
  });
}
