/** Options of the command line, checked against what a bench takes. Pure. */
import { parseArgs } from "node:util";
import type { OptionSpec, OptionSpecs } from "./bench.js";

/** What was given cannot be used; the message says what would be right. */
export class OptionError extends Error {}

export type Parsed = {
  readonly values: Readonly<Record<string, number | boolean | string>>;
  readonly positionals: readonly string[];
};

/** @throws {OptionError} an option that is unknown, or a value out of range */
export function parseOptions(specs: OptionSpecs, args: readonly string[]): Parsed {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { kind }]) => {
      const type: "boolean" | "string" = kind === "flag" ? "boolean" : "string";
      return [name, { type }];
    }),
  );
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new OptionError((error as Error).message.split(". ")[0]);
  }
  const values = Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [name, valueOf(name, spec, parsed.values[name])]),
  );
  return { values, positionals: parsed.positionals };
}

function valueOf(name: string, spec: OptionSpec, given: unknown): number | boolean | string {
  switch (spec.kind) {
    case "flag":
      return given === true;
    case "word": {
      const word = typeof given === "string" ? given : spec.default;
      if (spec.words.includes(word)) return word;
      throw new OptionError(`--${name} ${word}: give one of ${spec.words.join(", ")}`);
    }
    case "count": {
      const { min = 1, max } = spec;
      const value = given === undefined ? spec.default : Number(given);
      if (Number.isInteger(value) && value >= min && value <= max) return value;
      throw new OptionError(
        `--${name} ${String(given)}: give a whole number from ${min} to ${max}`,
      );
    }
  }
}
