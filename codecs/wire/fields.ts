/**
 * Reads the fields of a control message one by one. An error names the field with its path, the
 * value it had and what would be right. Fields nobody asks for are ignored: that is how a
 * protocol grows.
 */
import { ProtocolError } from "./protocol-error.js";

/** What a text field must be. A secret or personal value is never quoted, only measured. */
export type TextRule = {
  readonly lengthMax: number;
  readonly lengthMin?: number;
  readonly isSecret?: boolean;
  /** With the words that say what it demands. */
  readonly pattern?: { readonly expression: RegExp; readonly words: string };
};

/** Whole numbers, both ends included. */
export type IntegerRule = { readonly min: number; readonly max: number };

type Fields = Readonly<Record<string, unknown>>;

/** A map of fields and the path that leads to it, e.g. `start.format`. */
export type FieldReader = {
  readonly path: string;
  text(name: string, rule: TextRule): string;
  optionalText(name: string, rule: TextRule): string | undefined;
  integer(name: string, rule: IntegerRule): number;
  optionalInteger(name: string, rule: IntegerRule): number | undefined;
  oneOf<T extends string | number>(name: string, values: readonly T[]): T;
  flag(name: string): boolean;
  map(name: string): FieldReader;
  optionalMap(name: string): FieldReader | undefined;
  integers(name: string, rule: IntegerRule & { readonly countMax: number }): readonly number[];
  /** All fields as texts, e.g. custom parameters. */
  texts(rule: TextRule & { readonly countMax: number }): Readonly<Record<string, string>>;
  /** All fields as they came. */
  readonly all: Fields;
};

/**
 * Opens a value from outside as a map of fields.
 *
 * @param path what the message calls this map, for errors
 * @throws {ProtocolError} `PROTOCOL_FIELD` when it is no map; the readers throw the same code.
 */
export function readFields(value: unknown, path: string): FieldReader {
  if (!isMap(value)) throw fieldError(path, value, "a map");
  const optional =
    <R, T>(read: (name: string, rule: R) => T) =>
    (name: string, rule: R): T | undefined =>
      own(value, name) === undefined ? undefined : read(name, rule);
  const at = (name: string): string => `${path}.${name}`;
  const text = (name: string, rule: TextRule): string =>
    checkText(own(value, name), at(name), rule);
  const integer = (name: string, rule: IntegerRule): number =>
    checkInteger(own(value, name), at(name), rule);
  const map = (name: string): FieldReader => readFields(own(value, name), at(name));
  return {
    path,
    all: value,
    text,
    optionalText: optional(text),
    integer,
    optionalInteger: optional(integer),
    oneOf: (name, values) => checkOneOf(own(value, name), at(name), values),
    flag: (name) => checkFlag(own(value, name), at(name)),
    map,
    optionalMap: (name) => (own(value, name) === undefined ? undefined : map(name)),
    integers: (name, rule) => checkIntegers(own(value, name), at(name), rule),
    texts: (rule) => checkTexts(value, path, rule),
  };
}

/** The error of one field: its path, its value unless that is secret, and what is right. */
export function fieldError(
  path: string,
  value: unknown,
  expected: string,
  isSecret = false,
): ProtocolError {
  const shown = isSecret ? measured(value) : quoted(value);
  return new ProtocolError("PROTOCOL_FIELD", `${path} is ${shown}, ${expected} is right`, {
    field: path,
    value: shown,
    expected,
  });
}

function isMap(value: unknown): value is Fields {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Date)
  );
}

function own(fields: Fields, name: string): unknown {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return value === null ? undefined : value;
}

function checkText(value: unknown, path: string, rule: TextRule): string {
  const lengthMin = rule.lengthMin ?? 1;
  const expected = rule.pattern?.words ?? `a text of ${lengthMin} to ${rule.lengthMax} characters`;
  const isRight =
    typeof value === "string" &&
    value.length >= lengthMin &&
    value.length <= rule.lengthMax &&
    (rule.pattern === undefined || rule.pattern.expression.test(value));
  if (!isRight) throw fieldError(path, value, expected, rule.isSecret);
  return value;
}

function checkInteger(value: unknown, path: string, rule: IntegerRule): number {
  const isRight =
    typeof value === "number" && Number.isInteger(value) && value >= rule.min && value <= rule.max;
  if (!isRight) throw fieldError(path, value, `a whole number from ${rule.min} to ${rule.max}`);
  return value;
}

function checkFlag(value: unknown, path: string): boolean {
  if (typeof value !== "boolean") throw fieldError(path, value, "true or false");
  return value;
}

function checkOneOf<T extends string | number>(
  value: unknown,
  path: string,
  values: readonly T[],
): T {
  const found = values.find((candidate) => candidate === value);
  if (found === undefined) throw fieldError(path, value, `one of ${values.join(", ")}`);
  return found;
}

function checkIntegers(
  value: unknown,
  path: string,
  rule: IntegerRule & { readonly countMax: number },
): readonly number[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > rule.countMax) {
    throw fieldError(path, value, `a list of 1 to ${rule.countMax} whole numbers`);
  }
  return value.map((item, index) => checkInteger(item, `${path}[${index}]`, rule));
}

function checkTexts(
  fields: Fields,
  path: string,
  rule: TextRule & { readonly countMax: number },
): Readonly<Record<string, string>> {
  const entries = Object.entries(fields);
  if (entries.length > rule.countMax) {
    throw fieldError(path, `${entries.length} fields`, `at most ${rule.countMax} fields`);
  }
  return Object.fromEntries(
    entries.map(([name, value]) => [name, checkText(value, `${path}.${name}`, rule)]),
  );
}

/** A value from outside, short enough for a message. */
function quoted(value: unknown): string {
  if (value === undefined || value === null) return "missing";
  if (typeof value === "string") {
    return value.length <= 40 ? JSON.stringify(value) : `${JSON.stringify(value.slice(0, 40))}…`;
  }
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return measured(value);
}

/** Type and size instead of the value. */
function measured(value: unknown): string {
  if (value === undefined || value === null) return "missing";
  if (typeof value === "string") return `a text of ${value.length} characters`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return typeof value === "object" ? "a map" : `of type ${typeof value}`;
}
