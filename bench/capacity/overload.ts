/** Who was refused when more was offered than could be carried, and whether exactly. Pure. */
import type { Refusal } from "../engine/messages.js";

export type Overload = {
  readonly offered: number;
  readonly taken: number;
  readonly refused: number;
  /** Every refusal is one of admission, says why, and when to ask again. */
  readonly isExact: boolean;
  /** Different reasons, with the first words of each. */
  readonly reasons: readonly string[];
};

const reasonsKept = 5;

export function overloadOf(offered: number, refusals: readonly Refusal[]): Overload {
  const isExact = refusals.every(
    ({ code, why, retryAfterSeconds = 0 }) =>
      code === "ADMISSION_REFUSED" && why !== "" && retryAfterSeconds >= 1,
  );
  const reasons = [...new Set(refusals.map(({ why }) => why))].slice(0, reasonsKept);
  const refused = refusals.length;
  return { offered, taken: offered - refused, refused, isExact, reasons };
}
