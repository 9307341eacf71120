/** The result of a bench with calls, for a person. */
import type { CallFigures } from "./call-result.js";
import type { Tail } from "./figures.js";

type Named = readonly [name: string, tail: Tail];

export function formatCalls(
  title: string,
  result: CallFigures & { readonly calls: number; readonly seconds: number },
  more: readonly Named[] = [],
): string {
  const { coresPerCall, coresPerCallSpread: spread, generator, work } = result;
  const lines = [
    `${title}: ${result.calls} calls, ${result.seconds} s${result.isValid ? "" : "  (NOT VALID)"}`,
    `  cores per call ${coresPerCall} (${spread[0]} … ${spread[1]}), ` +
      `floor ${result.floorCoresPerCall}: ${result.floorRatio} times`,
    ...tailTable([
      ["frame", result.frameMs],
      ["frame in", result.frameInMs],
      ["frame out", result.frameOutMs],
      ["heard gap", result.heardGapMs],
      ["floor trip", result.floorRoundTripMs],
      ...more,
    ]),
    `  frames over 300 ms: ${result.framesOver300Ms}; calls failed: ${result.failedPct} %; ` +
      `${result.rssPerCallMb} MB a call`,
    `  frames sent ${work.framesSent}, heard ${work.framesHeard}; whole utterances ` +
      `${work.utterances} (${work.contents} different), broken ${work.broken}`,
    generatorLine(generator),
    ...result.notes.map((note) => `  ! ${note}`),
  ];
  return `${lines.join("\n")}\n`;
}

export function generatorLine({ cores, lateP99Ms, lateMaxMs }: CallFigures["generator"]): string {
  return `  generator: ${cores} cores, its frames late by p99 ${lateP99Ms} ms, at most ${lateMaxMs} ms`;
}

/** A table of latencies in milliseconds. */
export function tailTable(tails: readonly Named[]): string[] {
  const head = "  ms              count      p50      p95      p99    p99.9      max";
  const rows = tails
    .filter(([, { count }]) => count > 0)
    .map(([name, { count, p50, p95, p99, p999, max }]) => {
      const cells = [count, p50, p95, p99, p999, max].map((value) => String(value).padStart(9));
      return `  ${name.padEnd(12)}${cells.join("")}`;
    });
  return [head, ...rows];
}
