/** Which vendor is next: pure, so that a table of cases can show it. */

/** What is known of a vendor at this moment, in one utterance. */
export type Standing = {
  /** Attempts of this utterance so far. */
  readonly tries: number;
  /** From when on its circuit lets somebody through; 0: it is closed. */
  readonly triableAtMs: number;
  readonly isFull: boolean;
  readonly costMs: number;
  /** An attempt runs with it at this moment, or it must not be tried again. */
  readonly isOut: boolean;
};

export type Choice =
  | { readonly kind: "try"; readonly index: number }
  | { readonly kind: "wait"; readonly untilMs: number }
  | { readonly kind: "nobody" };

/** A vendor that has all its streams in use may have one free again. */
const fullWaitMs = 50;
/** Costs that differ by less are the same: the order of the configuration decides. */
const costStepMs = 100;

/**
 * Those that were tried least come first; among them the order of the list, or the likely cost.
 *
 * @param standings in the order of the configuration
 */
export function chooseVendor(
  standings: readonly Standing[],
  { nowMs, choose }: { readonly nowMs: number; readonly choose: "inOrder" | "healthiest" },
): Choice {
  const cost = ({ costMs }: Standing): number =>
    choose === "inOrder" ? 0 : Math.round(costMs / costStepMs);
  const inLine = standings
    .map((standing, index) => ({ ...standing, index, cost: cost(standing) }))
    .filter(({ isOut }) => !isOut)
    .sort((a, b) => a.tries - b.tries || a.cost - b.cost || a.index - b.index);
  if (inLine.length === 0) return { kind: "nobody" };
  const free = inLine.find(({ triableAtMs, isFull }) => triableAtMs <= nowMs && !isFull);
  if (free !== undefined) return { kind: "try", index: free.index };
  const untilMs = Math.min(
    ...inLine.map(({ triableAtMs, isFull }) =>
      isFull || triableAtMs === Infinity ? nowMs + fullWaitMs : triableAtMs,
    ),
  );
  return { kind: "wait", untilMs };
}
