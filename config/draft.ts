/**
 * Plain value → draft of a schema's shape. A wrong part is reported and left out, and the rest is
 * read again, so that the checks of meaning run over all that is well-formed and every mistake of
 * a file is found in one go. A check that would blame something missing asks `isLeftOut` first.
 *
 * For this the schema makes every part optional that can be left out, and its messages say what is
 * right ("must be …"); the value given is added here.
 */
import type { z } from "zod";
import { suggestion } from "./suggestion.js";
import type { DocumentPath } from "./yaml-document.js";

/** One part that does not fit the schema. */
export type WrongPart = {
  readonly kind: "shape" | "unknownKey";
  readonly path: DocumentPath;
  /** What is right, and what was given. */
  readonly message: string;
  /** Whether the key or its value is wrong. */
  readonly at: "key" | "value";
};

export type DraftReading<Draft> = {
  /** Undefined when the whole value is of the wrong kind. */
  readonly draft: Draft | undefined;
  readonly wrongParts: readonly WrongPart[];
  /** True when something at `path`, or beneath it, was wrong and is missing from the draft. */
  readonly isLeftOut: (path: DocumentPath) => boolean;
};

export type DraftOptions<Schema extends z.ZodType> = {
  readonly schema: Schema;
  readonly value: unknown;
  /** Whether the value at this path must not be shown, not even when it is wrong. */
  readonly isSecret?: (path: DocumentPath) => boolean;
};

/** Rounds of leaving out; each one uncovers at most what the round before had hidden. */
const roundsMax = 8;

/** Reads a draft. Never throws: what is wrong is in `wrongParts`. Does not change `value`. */
export function readDraft<Schema extends z.ZodType>(
  options: DraftOptions<Schema>,
): DraftReading<z.output<Schema>> {
  const { schema } = options;
  const value: unknown = structuredClone(options.value);
  const wrongParts: WrongPart[] = [];
  const isLeftOut = (path: DocumentPath) => wrongParts.some((part) => startsWith(part.path, path));
  for (let round = 0; round < roundsMax; round += 1) {
    const parsed = schema.safeParse(value);
    if (parsed.success) return { draft: parsed.data, wrongParts, isLeftOut };
    wrongParts.push(
      ...parsed.error.issues.flatMap((issue) => wrongPartsOf(issue, { ...options, value })),
    );
    for (const { path } of wrongParts) remove(value, path);
    if (wrongParts.some(({ path }) => path.length === 0)) break;
  }
  return { draft: undefined, wrongParts, isLeftOut: () => true };
}

/** Every part of a value that does not fit, in one look: for input that is taken whole or not. */
export function wrongPartsOf(
  issue: z.core.$ZodIssue,
  { schema, value, isSecret = () => false }: DraftOptions<z.ZodType>,
): WrongPart[] {
  const path = issue.path.map((segment) => (typeof segment === "symbol" ? "" : segment));
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(schema, path);
    if (isSecret(path)) {
      const message = `has an unknown key; known here: ${known.join(", ")}`;
      return [{ kind: "unknownKey", path, message, at: "value" }];
    }
    return issue.keys.map((key) => {
      const hint = `${suggestion(key, known)}; known here: ${known.join(", ")}`;
      const message = `unknown key "${shortened(key)}"${hint}`;
      return { kind: "unknownKey", path: [...path, key], message, at: "key" };
    });
  }
  if (issue.code === "invalid_key") {
    const rule = issue.issues[0]?.message ?? issue.message;
    const message = `${rule}, not ${shownValue(path.at(-1))}`;
    return [{ kind: "shape", path, message, at: "key" }];
  }
  const given = isSecret(path) ? "" : `, not ${shownValue(valueAt(value, path))}`;
  return [{ kind: "shape", path, message: `${issue.message}${given}`, at: "value" }];
}

/** A value as a message shows it: short, on one line. */
export function shownValue(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a map";
  if (typeof value === "string" && value.length > 60) return `${value.length} characters`;
  // JSON has no words for these.
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return JSON.stringify(value);
}

function shortened(key: string): string {
  return key.length > 40 ? `${key.slice(0, 40)}…` : key;
}

/** Keys that the schema has at `path`: read from it, so that they cannot fall out of step. */
function knownKeys(schema: z.ZodType, path: DocumentPath): string[] {
  let node: SchemaNode | undefined = schema as unknown as SchemaNode;
  for (const segment of path) node = inside(node, segment);
  return Object.keys(unwrapped(node)?.def.shape ?? {});
}

type SchemaNode = {
  readonly def: {
    readonly shape?: Readonly<Record<string, SchemaNode>>;
    readonly innerType?: SchemaNode;
    readonly out?: SchemaNode;
    readonly valueType?: SchemaNode;
    readonly element?: SchemaNode;
  };
};

function inside(node: SchemaNode | undefined, segment: string | number): SchemaNode | undefined {
  const def = unwrapped(node)?.def;
  return def?.shape?.[segment] ?? def?.valueType ?? def?.element;
}

/** Through `optional` and `preprocess` to what they hold. */
function unwrapped(node: SchemaNode | undefined): SchemaNode | undefined {
  const inner = node?.def.innerType ?? node?.def.out;
  return inner === undefined ? node : unwrapped(inner);
}

/** Takes the part at `path` out; of a list the whole list, so that no index shifts. */
function remove(value: unknown, path: DocumentPath): void {
  const index = path.findIndex((segment) => typeof segment === "number");
  const whole = index === -1 ? path : path.slice(0, index);
  const key = whole.at(-1);
  const parent = mapAt(value, whole.slice(0, -1));
  if (key !== undefined && parent !== undefined) Reflect.deleteProperty(parent, key);
}

/** What stands at `path` of plain data. */
export function valueAt(value: unknown, path: DocumentPath): unknown {
  let found = value;
  for (const segment of path) {
    // A single value stands for a list of one: its own path is then the list's.
    if (typeof found !== "object" || found === null) break;
    found = Object.hasOwn(found, segment) ? Reflect.get(found, segment) : undefined;
  }
  return found;
}

/** The map at `path`; undefined when there is none. */
export function mapAt(value: unknown, path: DocumentPath): Record<string, unknown> | undefined {
  const found = valueAt(value, path);
  const isMap = typeof found === "object" && found !== null && !Array.isArray(found);
  return isMap ? (found as Record<string, unknown>) : undefined;
}

/** Whether `path` is `prefix`, or beneath it. */
export function startsWith(path: DocumentPath, prefix: DocumentPath): boolean {
  return prefix.every((segment, index) => path[index] === segment);
}
