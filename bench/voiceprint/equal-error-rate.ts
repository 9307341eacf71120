/** Pure: where as many others are taken for the person as the person is refused. */

export type ErrorRate = {
  /** 0 to 1. */
  readonly rate: number;
  readonly threshold: number;
};

/** @param same scores of the person; @param others scores of other people; higher is more alike */
export function equalErrorRate(same: readonly number[], others: readonly number[]): ErrorRate {
  const thresholds = [...new Set([...same, ...others])].sort((a, b) => a - b);
  let best: ErrorRate = { rate: 1, threshold: 0 };
  let gap = Infinity;
  for (const threshold of thresholds) {
    const { refused, taken } = errorsAt(threshold, same, others);
    if (Math.abs(refused - taken) >= gap) continue;
    gap = Math.abs(refused - taken);
    best = { rate: (refused + taken) / 2, threshold };
  }
  return best;
}

/** Shares of the person refused and of others taken, at a threshold. */
export function errorsAt(
  threshold: number,
  same: readonly number[],
  others: readonly number[],
): { readonly refused: number; readonly taken: number } {
  return {
    refused: same.filter((score) => score < threshold).length / same.length,
    taken: others.filter((score) => score >= threshold).length / others.length,
  };
}
