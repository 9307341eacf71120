/**
 * Small operations, timed: every case does its work in batches, rounds alternate between the cases
 * so that a busy machine hits all of them alike, and the first round warms up and is not counted.
 * Every batch returns a checksum of its work; a case whose checksums differ does not count.
 */
import type { OptionSpecs, Progress } from "./bench.js";
import { round as rounded, spreadOf } from "./figures.js";

export type MicroCase = {
  readonly name: string;
  /** Does the work `count` times; returns a number that depends on all of it. */
  readonly work: (count: number) => number;
};

export type MicroFigure = {
  readonly name: string;
  readonly nsPerOperation: number;
  /** Fastest and slowest round. */
  readonly spread: readonly [number, number];
  readonly operations: number;
  readonly checksum: number;
};

export type MicroResult = {
  readonly bench: string;
  readonly cases: readonly MicroFigure[];
  readonly isValid: boolean;
  readonly notes: readonly string[];
};

export const microOptions = {
  seconds: { kind: "count", default: 5, max: 600, help: "for all cases together" },
} as const satisfies OptionSpecs;

/** Operations in one batch: the checksum is of that many. */
const batch = 500;
/** Rounds that count. */
const rounds = 5;

/** Runs the cases in this thread. */
export function runMicro(
  bench: string,
  cases: readonly MicroCase[],
  { seconds }: { readonly seconds: number },
  progress: Progress,
): MicroResult {
  const tallies = cases.map(() => ({ ns: [] as number[], operations: 0, sums: new Set<number>() }));
  const roundMs = (seconds * 1000) / cases.length / (rounds + 1);
  for (let round = 0; round <= rounds; round += 1) {
    progress(round === 0 ? "warming up" : `round ${round} of ${rounds}`);
    cases.forEach(({ work }, index) => {
      const tally = tallies[index]!;
      const { ns, operations } = timed(work, roundMs, tally.sums);
      if (round === 0) return;
      tally.ns.push(ns);
      tally.operations += operations;
    });
  }
  const figures = cases.map(({ name }, index): MicroFigure => {
    const { ns, operations, sums } = tallies[index]!;
    const { median, min, max } = spreadOf(ns, 1);
    const [checksum = 0] = sums;
    return { name, nsPerOperation: median, spread: [min, max], operations, checksum };
  });
  const notes = cases.flatMap(({ name }, index) =>
    tallies[index]!.sums.size === 1 ? [] : [`${name}: batches of the same work differ`],
  );
  return { bench, cases: figures, isValid: notes.length === 0, notes };
}

function timed(work: MicroCase["work"], roundMs: number, sums: Set<number>) {
  const beganMs = performance.now();
  let operations = 0;
  let elapsedMs: number;
  do {
    sums.add(work(batch));
    operations += batch;
    elapsedMs = performance.now() - beganMs;
  } while (elapsedMs < roundMs);
  return { ns: rounded((elapsedMs * 1e6) / operations, 1), operations };
}

/** The result for a person. */
export function formatMicro(result: MicroResult): string {
  const width = Math.max(...result.cases.map(({ name }) => name.length));
  const lines = [
    `${result.bench}${result.isValid ? "" : "  (NOT VALID)"}`,
    ...result.cases.map(
      ({ name, nsPerOperation, spread }) =>
        `  ${name.padEnd(width)} ${nsPerOperation.toFixed(0).padStart(9)} ns  ` +
        `(${spread[0].toFixed(0)} … ${spread[1].toFixed(0)})`,
    ),
    ...result.notes.map((note) => `  ! ${note}`),
  ];
  return `${lines.join("\n")}\n`;
}
