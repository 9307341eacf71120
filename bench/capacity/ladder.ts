/** The ladder: more and more calls until they are not carried. Pure but for its runs. */
import { whyNotCarried, type Carried } from "./verdict.js";

/** What a rung is judged by. */
export type RungResult = {
  readonly calls: number;
  readonly isValid: boolean;
  readonly coresPerCall: number;
  readonly failedPct: number;
  readonly framesOver300Ms: number;
  readonly frameMs: { readonly p50: number; readonly p99: number; readonly p999: number };
  readonly turnMs: { readonly p95: number };
  readonly transcripts: { readonly wrongCalls: number };
};

/** One step, as the result keeps it: a point of the curve of latency over load. */
export type Rung = {
  readonly calls: number;
  readonly isCarried: boolean;
  readonly isValid: boolean;
  readonly why: readonly string[];
  readonly coresPerCall: number;
  readonly frameP50Ms: number;
  readonly frameP99Ms: number;
  readonly frameP999Ms: number;
  readonly turnP95Ms: number;
};

/** Unloaded, for the turn it is compared with. */
const unloadedCalls = 10;
const steps = [50, 100, 200, 300, 400, 500, 600, 700, 800, 1000, 1200, 1500, 2000, 2500, 3000];

/** The rungs up to so many calls, with that number at the top. */
export function rungsUpTo(callsMax: number): number[] {
  return [unloadedCalls, ...steps, callsMax]
    .filter((calls, index, all) => calls <= callsMax && all.indexOf(calls) === index)
    .sort((a, b) => a - b);
}

/**
 * Climbs until a rung fails, each by a run of its own.
 *
 * @returns the highest that was carried, or the lowest when none was, and all of them
 */
export async function climb<Result extends RungResult>(
  callsMax: number,
  run: (calls: number) => Promise<Result>,
): Promise<{ readonly top: Result; readonly rungs: readonly Rung[] }> {
  const rungs: Rung[] = [];
  let top: Result | undefined;
  let unloadedMs: number | undefined;
  for (const calls of rungsUpTo(callsMax)) {
    const result = await run(calls);
    const why = whyNotCarried(carriedBy(result), unloadedMs);
    unloadedMs ??= result.turnMs.p95;
    // A run that does not count proves nothing, and there is none higher that would.
    const isCarried = why.length === 0 && result.isValid;
    rungs.push(rungOf(result, isCarried, why));
    if (isCarried || top === undefined) top = result;
    if (!isCarried) break;
  }
  return { top: top!, rungs };
}

function carriedBy(result: RungResult): Carried {
  const { failedPct, framesOver300Ms, frameMs, turnMs, transcripts } = result;
  const { wrongCalls } = transcripts;
  const [frameP999Ms, turnP95Ms] = [frameMs.p999, turnMs.p95];
  return { failedPct, wrongCalls, frameP999Ms, framesOver300Ms, turnP95Ms };
}

function rungOf(result: RungResult, isCarried: boolean, why: readonly string[]): Rung {
  const { calls, coresPerCall, isValid, frameMs, turnMs } = result;
  const { p50: frameP50Ms, p99: frameP99Ms, p999: frameP999Ms } = frameMs;
  const figures = { coresPerCall, frameP50Ms, frameP99Ms, frameP999Ms, turnP95Ms: turnMs.p95 };
  return { calls, isCarried, isValid, why, ...figures };
}
