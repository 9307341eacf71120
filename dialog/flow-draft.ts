/**
 * Plain value → draft of the right shape. A wrong part is reported and left out, and the rest is
 * read again, so that the checks of meaning run over all that is well-formed and every mistake of
 * a file is found in one go. A check that would blame something missing asks `isLeftOut` first.
 */
import type { z } from "zod";
import type { FlowPath, Mistake } from "./flow-errors.js";
import { flowSchema, type FlowDraft } from "./flow-schema.js";
import type { FlowSource } from "./flow-source.js";
import { suggestion } from "./suggestion.js";

export type ReadDraft = {
  readonly draft: FlowDraft;
  readonly mistakes: readonly Mistake[];
  /** Every state that the file names, also one that is not well-formed. */
  readonly stateNames: ReadonlySet<string>;
  /** True when something at `path`, or beneath it, was wrong and is missing from the draft. */
  readonly isLeftOut: (path: FlowPath) => boolean;
};

/** Rounds of leaving out; each one uncovers at most what the round before had hidden. */
const roundsMax = 8;

/** Reads a draft. Never throws: what is wrong is in `mistakes`. */
export function readDraft(source: FlowSource): ReadDraft {
  const value: unknown = structuredClone(source.value);
  const stateNames = new Set(Object.keys(mapAt(value, ["states"]) ?? {}));
  const mistakes: Mistake[] = [];
  const leftOut: FlowPath[] = [];
  const isLeftOut = (path: FlowPath) => leftOut.some((wrong) => startsWith(wrong, path));
  for (let round = 0; round < roundsMax; round += 1) {
    const parsed = flowSchema.safeParse(value);
    if (parsed.success) return { draft: parsed.data, mistakes, stateNames, isLeftOut };
    for (const wrong of parsed.error.issues.flatMap((issue) => wrongParts(issue, value))) {
      mistakes.push(source.mistake(wrong.kind, wrong.path, wrong.message, wrong.at));
      leftOut.push(wrong.path);
    }
    for (const path of leftOut) remove(value, path);
    if (leftOut.some((path) => path.length === 0)) break;
  }
  return { draft: {}, mistakes, stateNames, isLeftOut: () => true };
}

type WrongPart = {
  readonly kind: "shape" | "unknownKey";
  readonly path: FlowPath;
  readonly message: string;
  readonly at: "key" | "value";
};

function wrongParts(issue: z.core.$ZodIssue, value: unknown): WrongPart[] {
  const path = issue.path.map((segment) => (typeof segment === "symbol" ? "" : segment));
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(path);
    return issue.keys.map((key) => {
      const hint = `${suggestion(key, known)}; known here: ${known.join(", ")}`;
      const message = `unknown key "${key}"${hint}`;
      return { kind: "unknownKey", path: [...path, key], message, at: "key" };
    });
  }
  if (issue.code === "invalid_key") {
    const rule = issue.issues[0]?.message ?? issue.message;
    const message = `${rule}, not ${show(path.at(-1))}`;
    return [{ kind: "shape", path, message, at: "key" }];
  }
  const message = `${issue.message}, not ${show(at(value, path))}`;
  return [{ kind: "shape", path, message, at: "value" }];
}

/** Keys that the schema has at `path`: read from it, so that they cannot fall out of step. */
function knownKeys(path: FlowPath): string[] {
  let node: SchemaNode | undefined = flowSchema as unknown as SchemaNode;
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
function remove(value: unknown, path: FlowPath): void {
  const index = path.findIndex((segment) => typeof segment === "number");
  const whole = index === -1 ? path : path.slice(0, index);
  const key = whole.at(-1);
  const parent = mapAt(value, whole.slice(0, -1));
  if (key !== undefined && parent !== undefined) Reflect.deleteProperty(parent, key);
}

function at(value: unknown, path: FlowPath): unknown {
  let found = value;
  for (const segment of path) {
    // A single value stands for a list of one: its own path is then the list's.
    if (typeof found !== "object" || found === null) break;
    found = Object.hasOwn(found, segment) ? Reflect.get(found, segment) : undefined;
  }
  return found;
}

function mapAt(value: unknown, path: FlowPath): Record<string, unknown> | undefined {
  const found = at(value, path);
  const isMap = typeof found === "object" && found !== null && !Array.isArray(found);
  return isMap ? (found as Record<string, unknown>) : undefined;
}

function startsWith(path: FlowPath, prefix: FlowPath): boolean {
  return prefix.every((segment, index) => path[index] === segment);
}

/** A value as a message shows it: short, on one line. */
function show(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a map";
  if (typeof value === "string" && value.length > 60) return `${value.length} characters`;
  return JSON.stringify(value);
}
