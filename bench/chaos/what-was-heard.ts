/** What callers heard of a fault, in figures. Pure: what their ears report in, figures out. */
import type { HeardCall } from "../load/messages.js";
import { round } from "../support/figures.js";

export type GapFigures = { readonly p50: number; readonly p99: number; readonly max: number };

/** Nothing for so long at the end: nobody is there any more. A lost key costs 3 s. */
export const deadMsMax = 3500;

/** Longest gaps of these calls. */
export function gapsOf(calls: readonly HeardCall[]): GapFigures {
  const sorted = calls.map(({ longestGapMs }) => longestGapMs).sort((a, b) => a - b);
  const at = (share: number): number =>
    round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0, 1);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Which prompt follows which, as most calls heard it. */
export function orderOf(calls: readonly HeardCall[]): Map<number, number> {
  const counts = new Map<number, Map<number, number>>();
  for (const { prompts } of calls) {
    prompts.forEach((prompt, index) => {
      const next = prompts[index + 1];
      if (next === undefined || next === prompt) return;
      const nexts = counts.get(prompt) ?? new Map<number, number>();
      counts.set(prompt, nexts.set(next, (nexts.get(next) ?? 0) + 1));
    });
  }
  return new Map(
    [...counts].map(([prompt, nexts]) => {
      const [most] = [...nexts].sort(([, a], [, b]) => b - a);
      return [prompt, most![0]];
    }),
  );
}

/**
 * Steps that no dialog may take: to a prompt that neither is the same again nor follows. A prompt
 * of which nobody knows what follows is left out.
 */
export function skipsOf(calls: readonly HeardCall[], order: ReadonlyMap<number, number>): number {
  let skips = 0;
  for (const { prompts } of calls) {
    for (let index = 1; index < prompts.length; index += 1) {
      const [before, after] = [prompts[index - 1]!, prompts[index]!];
      const next = order.get(before);
      if (next !== undefined && after !== before && after !== next) skips += 1;
    }
  }
  return skips;
}
