/**
 * YAML text → plain value, keeping for every path the line and column where it stands. What is
 * wrong with a file is then said at the place where it is wrong. Aliases are followed for the
 * value, but a problem is shown where the alias is used.
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
} from "yaml";

/** Keys and indexes from the root, e.g. `["trunks", 0, "name"]`. */
export type DocumentPath = readonly (string | number)[];

/** Both count from 1. */
export type Position = { readonly line: number; readonly column: number };

/** What is wrong with the text itself. */
export type YamlProblem = Position & {
  readonly kind: "tooBig" | "syntax";
  readonly message: string;
};

export type YamlDocument = {
  /** Plain data; undefined when the text is no YAML at all, null when it is empty. */
  readonly value: unknown;
  readonly problems: readonly YamlProblem[];
  /**
   * Where the deepest part of `path` that exists stands: its value, or its key (for what is wrong
   * with the key, or missing beneath it). 1:1 when the text is no YAML.
   */
  readonly positionOf: (path: DocumentPath, at?: "key" | "value") => Position;
};

/** Most aliases a document may expand to: YAML can otherwise grow without bound from few lines. */
const aliasCountMax = 1000;

/**
 * Reads one YAML document. Never throws for bad text: what is wrong is in `problems`, and what
 * could still be read is in `value`.
 *
 * @param options.bytesMax a larger text is not even parsed
 */
export function readYamlDocument(
  text: string,
  options: { readonly bytesMax: number },
): YamlDocument {
  const bytes = Buffer.byteLength(text);
  if (bytes > options.bytesMax) {
    const message = `the file has ${bytes} bytes; at most ${options.bytesMax} are allowed`;
    return unreadable({ kind: "tooBig", message });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Warnings are problems of the file, not news for standard error.
    logLevel: "error",
  });
  const problems = [...document.errors, ...document.warnings].map((error): YamlProblem => {
    const message = `not YAML: ${error.message}`;
    return { kind: "syntax", message, ...positionAt(lines, error.pos[0]) };
  });
  const positionOf: YamlDocument["positionOf"] = (path, at = "value") =>
    positionAt(lines, offsetOf(document, path, at));
  const isBroken = document.errors.some((error) => error.code !== "DUPLICATE_KEY");
  if (isBroken) return { value: undefined, problems, positionOf };
  try {
    const value: unknown = document.toJS({ maxAliasCount: aliasCountMax });
    return { value, problems, positionOf };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return unreadable({ kind: "syntax", message });
  }
}

const start: Position = { line: 1, column: 1 };

function unreadable(problem: Pick<YamlProblem, "kind" | "message">): YamlDocument {
  return { value: undefined, problems: [{ ...problem, ...start }], positionOf: () => start };
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function offsetOf(document: Document.Parsed, path: DocumentPath, at: "key" | "value"): number {
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
    const place = wantsKey ? (found.keyOffset ?? found.offset) : (found.offset ?? found.keyOffset);
    if (!isInsideAlias) offset = place ?? offset;
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
