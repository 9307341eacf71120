/**
 * `compare A B`: two sets of result lines, figure by figure. Runs with the same bench, calls and
 * protocol are paired, the newest that counts of each. Pure but for what it is given.
 */
import { keyOf, newestByKey } from "../report/result-lines.js";
import type { ResultLine } from "../support/bench.js";

export type Change = {
  readonly figure: string;
  readonly before: number;
  readonly after: number;
  /** Of the value before; undefined where that was 0. */
  readonly changePct: number | undefined;
  readonly verdict: "better" | "worse" | "same";
};

export type Pair = {
  readonly key: string;
  readonly before: ResultLine;
  readonly after: ResultLine;
  readonly changes: readonly Change[];
};

export type Comparison = {
  readonly pairs: readonly Pair[];
  /** Runs that only one side has, and those that do not count. */
  readonly left: readonly string[];
};

/** What two runs of the same commit differ by, roughly, where no spread is known. */
const noisePct = 10;
/** Not figures of the engine. */
const ignored =
  /^(calls|seconds|repeats|completed)$|\.count$|^work\.|^generator\.|Spread|^ladder\b|Curve/;
/** More is better; everything else costs. */
const moreIsBetter = /PerSecond|understood|right|said/;

export function compareLines(
  before: readonly ResultLine[],
  after: readonly ResultLine[],
): Comparison {
  const [older, newer] = [newestByKey(before), newestByKey(after)];
  const pairs: Pair[] = [];
  for (const [key, line] of older) {
    const other = newer.get(key);
    if (other !== undefined) {
      pairs.push({ key, before: line, after: other, changes: changesOf(line, other) });
    }
  }
  const invalid = [...before, ...after].filter(({ isValid }) => !isValid);
  const lonely = [...older.keys(), ...newer.keys()].filter(
    (key) => !(older.has(key) && newer.has(key)),
  );
  const left = [
    ...new Set(lonely.map((key) => `${key}: only on one side`)),
    ...invalid.map((line) => `${keyOf(line)} at ${line.commit}: does not count`),
  ];
  return { pairs, left };
}

function changesOf(before: ResultLine, after: ResultLine): Change[] {
  const [older, newer] = [figuresOf(before), figuresOf(after)];
  return [...older].flatMap(([figure, value]) => {
    const now = newer.get(figure);
    if (now === undefined || ignored.test(figure)) return [];
    const changePct = value === 0 ? undefined : ((now - value) / value) * 100;
    const isSame = isWithinNoise(figure, before, after, changePct, now);
    const isBetter = now > value === moreIsBetter.test(figure);
    const verdict = isSame ? "same" : isBetter ? "better" : "worse";
    return [{ figure, before: value, after: now, changePct, verdict } as const];
  });
}

/** Spreads that overlap, where there are any; else a small change. */
function isWithinNoise(
  figure: string,
  before: ResultLine,
  after: ResultLine,
  changePct: number | undefined,
  now: number,
): boolean {
  const [a, b] = [before[`${figure}Spread`], after[`${figure}Spread`]];
  if (Array.isArray(a) && Array.isArray(b)) {
    const [older, newer] = [a as number[], b as number[]];
    return older[0]! <= newer[1]! && newer[0]! <= older[1]!;
  }
  return changePct === undefined ? now === 0 : Math.abs(changePct) < noisePct;
}

/** Every number of a result by its path, e.g. `frameMs.p999`. */
function figuresOf(line: object, path = ""): Map<string, number> {
  const figures = new Map<string, number>();
  for (const [name, value] of Object.entries(line) as [string, unknown][]) {
    const here = path === "" ? name : `${path}.${name}`;
    if (typeof value === "number") figures.set(here, value);
    else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      for (const [inner, number] of figuresOf(value, here)) figures.set(inner, number);
    }
  }
  return figures;
}

/** For a person. */
export function formatComparison({ pairs, left }: Comparison): string {
  const lines: string[] = [];
  for (const { key, before, after, changes } of pairs) {
    lines.push(`${key}: ${before.commit} → ${after.commit}`);
    for (const { figure, before: older, after: newer, changePct, verdict } of changes) {
      const change =
        changePct === undefined ? "" : `${changePct > 0 ? "+" : ""}${changePct.toFixed(1)} %`;
      const cells = [older, newer].map((value) => String(value).padStart(12)).join("");
      lines.push(
        `  ${figure.padEnd(24)}${cells} ${change.padStart(10)}  ${verdict === "same" ? "" : verdict}`,
      );
    }
  }
  if (pairs.length === 0) lines.push("nothing to compare: no run is on both sides");
  lines.push(...left.map((what) => `  ! ${what}`));
  return `${lines.join("\n")}\n`;
}
