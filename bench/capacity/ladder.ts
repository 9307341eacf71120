/** The ladder: more and more calls until they are not carried. Pure but for its runs. */
import { round } from "../support/figures.js";
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
  /** One that was not carried is tried once more: a stall of the machine is no limit of ours. */
  readonly tries: number;
};

/** What a call costs at the top of the ladder, beside what it costs when there are a hundred. */
export type LadderCost = {
  readonly calls: number;
  readonly coresPerCall: number;
  readonly coresPerCallAt100: number;
  /** At most 10 is our aim. */
  readonly growthPct: number;
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
 * Climbs until a rung fails twice, each by a run of its own.
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
    let [result, verdict] = await judged(calls, run, unloadedMs);
    const isFirstGood = verdict.isCarried;
    if (!isFirstGood) [result, verdict] = await judged(calls, run, unloadedMs);
    unloadedMs ??= result.turnMs.p95;
    rungs.push(rungOf(result, { ...verdict, tries: isFirstGood ? 1 : 2 }));
    if (verdict.isCarried || top === undefined) top = result;
    if (!verdict.isCarried) break;
  }
  return { top: top!, rungs };
}

/** Undefined when a hundred calls, or no more than those, were carried. */
export function ladderCost(rungs: readonly Rung[]): LadderCost | undefined {
  const hundred = rungs.find(({ calls, isCarried }) => calls === 100 && isCarried);
  const top = rungs.findLast(({ isCarried }) => isCarried);
  if (hundred === undefined || top === undefined || top === hundred) return undefined;
  const { calls, coresPerCall } = top;
  const growthPct = round((coresPerCall / hundred.coresPerCall - 1) * 100, 1);
  return { calls, coresPerCall, coresPerCallAt100: hundred.coresPerCall, growthPct };
}

type Verdict = Pick<Rung, "isCarried" | "why">;

async function judged<Result extends RungResult>(
  calls: number,
  run: (calls: number) => Promise<Result>,
  unloadedMs: number | undefined,
): Promise<[Result, Verdict]> {
  const result = await run(calls);
  const why = whyNotCarried(carriedBy(result), unloadedMs);
  // A run that does not count proves nothing, and there is none higher that would.
  return [result, { why, isCarried: why.length === 0 && result.isValid }];
}

function carriedBy(result: RungResult): Carried {
  const { failedPct, framesOver300Ms, frameMs, turnMs, transcripts } = result;
  const { wrongCalls } = transcripts;
  const [frameP999Ms, turnP95Ms] = [frameMs.p999, turnMs.p95];
  return { failedPct, wrongCalls, frameP999Ms, framesOver300Ms, turnP95Ms };
}

function rungOf(result: RungResult, verdict: Pick<Rung, "isCarried" | "why" | "tries">): Rung {
  const { calls, coresPerCall, isValid, frameMs, turnMs } = result;
  const { p50: frameP50Ms, p99: frameP99Ms, p999: frameP999Ms } = frameMs;
  const figures = { coresPerCall, frameP50Ms, frameP99Ms, frameP999Ms, turnP95Ms: turnMs.p95 };
  return { calls, isValid, ...verdict, ...figures };
}
