/** What a bench is to the runner: a question, options, a run, and its result for a person. */
import type { Machine } from "./machine.js";

/** A whole number from the command line, or a flag, or one of a few words. */
export type OptionSpec =
  | {
      readonly kind: "count";
      readonly default: number;
      readonly min?: number;
      readonly max: number;
      readonly help: string;
    }
  | { readonly kind: "flag"; readonly help: string }
  | {
      readonly kind: "word";
      readonly words: readonly string[];
      readonly default: string;
      readonly help: string;
    };

export type OptionSpecs = { readonly [name: string]: OptionSpec };

/** The values that belong to some specs. */
export type OptionValues<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends { readonly kind: "count" }
    ? number
    : Specs[Name] extends { readonly kind: "flag" }
      ? boolean
      : string;
};

export type Progress = (text: string) => void;

/** Every result has these; `isValid` false: the run does not count, and says why. */
export type BenchResult = { readonly bench: string; readonly isValid: boolean };

/** A result as it is printed and kept. */
export type ResultLine = BenchResult & Machine & { readonly [figure: string]: unknown };

export type Bench<Specs extends OptionSpecs = OptionSpecs> = {
  readonly name: string;
  readonly question: string;
  readonly options: Specs;
  run(options: OptionValues<Specs>, progress: Progress): Promise<BenchResult>;
  /** For a person, ending in a line break. */
  format(result: never): string;
};

/** Keeps the types of one bench together; the registry forgets them. */
export function defineBench<Specs extends OptionSpecs, Result extends BenchResult>(bench: {
  readonly name: string;
  readonly question: string;
  readonly options: Specs;
  readonly run: (options: OptionValues<Specs>, progress: Progress) => Promise<Result>;
  readonly format: (result: Result) => string;
}): Bench {
  return bench;
}
