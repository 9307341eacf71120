/**
 * When so many calls are carried: the rule of the field's open benchmark (under 0.5 % failed calls,
 * answers not over 25 % later than unloaded), and our own: no frame late, no word wrong. Pure.
 */

export type Carried = {
  readonly failedPct: number;
  readonly wrongCalls: number;
  readonly frameP999Ms: number;
  readonly framesOver300Ms: number;
  readonly turnP95Ms: number;
};

export const failedPctMax = 0.5;
export const frameP999MsMax = 20;
export const turnGrowthMax = 1.25;

/**
 * Why a load was not carried; empty when it was.
 *
 * @param unloadedTurnP95Ms of the same engine with a few calls; undefined: turns are not judged
 */
export function whyNotCarried(load: Carried, unloadedTurnP95Ms: number | undefined): string[] {
  const why: string[] = [];
  if (load.failedPct >= failedPctMax) why.push(`${load.failedPct} % of the calls failed`);
  if (load.wrongCalls > 0) why.push(`${load.wrongCalls} calls were misunderstood`);
  if (load.framesOver300Ms > 0) why.push(`${load.framesOver300Ms} frames took over 300 ms`);
  if (load.frameP999Ms >= frameP999MsMax) why.push(`frame p99.9 is ${load.frameP999Ms} ms`);
  const turnMsMax = (unloadedTurnP95Ms ?? Infinity) * turnGrowthMax;
  if (load.turnP95Ms > turnMsMax) {
    why.push(`turn p95 is ${load.turnP95Ms} ms, ${unloadedTurnP95Ms} unloaded`);
  }
  return why;
}
