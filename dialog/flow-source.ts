/**
 * YAML text → plain value, keeping for every path the line and column where it stands. Aliases are
 * followed for the value, but a mistake is shown where the alias is used.
 */
import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type YAMLError,
} from "yaml";
import type { FlowPath, Mistake, MistakeKind } from "./flow-errors.js";
import { flowLimits } from "./limits.js";

export type FlowSource = {
  /** Plain data; undefined when the text is no YAML at all. */
  readonly value: unknown;
  /** Mistakes of the YAML itself. */
  readonly mistakes: readonly Mistake[];
  /** Makes a mistake at `path`: at its value, or at its key (for what is missing beneath it). */
  mistake(kind: MistakeKind, path: FlowPath, message: string, at?: "key" | "value"): Mistake;
};

/** Most aliases a flow may expand to: YAML can otherwise grow without bound from a few lines. */
const aliasCountMax = 1000;

/** Reads the YAML of a flow. Never throws for bad text: it is in `mistakes`. */
export function readFlowSource(text: string): FlowSource {
  const bytes = Buffer.byteLength(text);
  if (bytes > flowLimits.sourceBytesMax) {
    const message = `the file has ${bytes} bytes; at most ${flowLimits.sourceBytesMax} are allowed`;
    return rejected("tooBig", message);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Warnings are mistakes of the file, not news for standard error.
    logLevel: "error",
  });
  const locate: Locate = (path, at) => {
    const { line, col } = lines.linePos(offsetOf(document, path, at));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const mistakes = [...document.errors, ...document.warnings].map((error) =>
    syntaxMistake(error, lines),
  );
  const isBroken = document.errors.some((error) => error.code !== "DUPLICATE_KEY");
  if (isBroken) return { value: undefined, mistakes, mistake: mistakeMaker(locate) };
  try {
    const value: unknown = document.toJS({ maxAliasCount: aliasCountMax });
    return { value, mistakes, mistake: mistakeMaker(locate) };
  } catch (error) {
    return rejected("syntax", error instanceof Error ? error.message : String(error));
  }
}

type Position = { readonly line: number; readonly column: number };
type Locate = (path: FlowPath, at: "key" | "value") => Position;

function mistakeMaker(locate: Locate): FlowSource["mistake"] {
  return (kind, path, message, at = "value") => ({
    kind,
    path: path.join("."),
    ...locate(path, at),
    message,
  });
}

function rejected(kind: MistakeKind, message: string): FlowSource {
  const mistake = mistakeMaker(() => ({ line: 1, column: 1 }));
  return { value: undefined, mistakes: [mistake(kind, [], message)], mistake };
}

function syntaxMistake(error: YAMLError, lines: LineCounter): Mistake {
  const { line, col } = lines.linePos(error.pos[0]);
  return { kind: "syntax", path: "", line, column: col, message: `not YAML: ${error.message}` };
}

/** Offset of the deepest part of `path` that exists. */
function offsetOf(document: Document.Parsed, path: FlowPath, at: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  let isInsideAlias = false;
  for (const [depth, segment] of path.entries()) {
    if (isAlias(node)) {
      node = node.resolve(document);
      isInsideAlias = true;
    }
    const found = childOf(node, segment);
    if (found === undefined) {
      // A single value may stand for a list of one: its first item is the value itself.
      const isItem = typeof segment === "number" && isScalar(node) && !isInsideAlias;
      return isItem ? (startOf(node) ?? offset) : offset;
    }
    const wantsKey = depth < path.length - 1 || at === "key";
    const start = wantsKey ? (found.keyOffset ?? found.offset) : (found.offset ?? found.keyOffset);
    if (!isInsideAlias) offset = start ?? offset;
    node = found.node;
  }
  return offset;
}

type Child = { node: unknown; keyOffset: number | undefined; offset: number | undefined };

function childOf(node: unknown, segment: string | number): Child | undefined {
  if (isSeq(node) && typeof segment === "number") {
    const item = node.items[segment];
    return item === undefined
      ? undefined
      : { node: item, keyOffset: undefined, offset: startOf(item) };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => isPair(item) && keyText(item.key) === String(segment));
  if (pair === undefined) return undefined;
  const isEmpty = isScalar(pair.value) && pair.value.value === null;
  const offset = isEmpty ? undefined : startOf(pair.value);
  return { node: pair.value, keyOffset: startOf(pair.key), offset };
}

function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
