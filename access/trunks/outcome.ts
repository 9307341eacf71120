/**
 * What the networks' causes mean to us. Pure; the raw cause is kept beside the outcome, because
 * vendors disagree about the finer points (480 is Q.850 18, 19 or 20, depending on who is asked).
 *
 * @see ITU-T Q.850 section 2; RFC 3398 section 7.2.4.1; RFC 8197 (607)
 */
import type { TrunkOutcome } from "./trunk.js";

const byQ850: Readonly<Record<number, TrunkOutcome>> = {
  1: "invalid_number", // unallocated number
  2: "unreachable", // no route to transit network
  3: "unreachable", // no route to destination
  16: "cancelled", // normal clearing: before an answer, somebody gave up
  17: "busy",
  18: "no_answer", // no user responding
  19: "no_answer", // no answer from user
  20: "unreachable", // subscriber absent
  21: "rejected",
  22: "invalid_number", // number changed
  27: "unreachable", // destination out of order
  28: "invalid_number", // invalid number format
  34: "congestion", // no circuit available
  38: "congestion", // network out of order
  41: "congestion", // temporary failure
  42: "congestion", // switching equipment congestion
  44: "congestion", // requested circuit not available
  47: "congestion", // resource unavailable
  50: "media_mismatch",
  58: "media_mismatch", // bearer capability not presently available
  65: "media_mismatch",
  88: "media_mismatch", // incompatible destination
  102: "no_answer", // recovery on timer expiry
};

const bySip: Readonly<Record<number, TrunkOutcome>> = {
  401: "rejected",
  403: "rejected",
  404: "invalid_number",
  407: "rejected",
  408: "no_answer",
  410: "invalid_number",
  415: "media_mismatch",
  480: "no_answer",
  484: "invalid_number",
  485: "invalid_number",
  486: "busy",
  487: "cancelled",
  488: "media_mismatch",
  500: "congestion",
  502: "congestion",
  503: "congestion",
  504: "congestion",
  600: "busy",
  603: "rejected",
  604: "invalid_number",
  606: "media_mismatch",
  607: "rejected", // unwanted
  608: "rejected", // rejected by an intermediary
};

/** What a SIP status before an answer means; undefined where none is laid down. */
export function outcomeOfSip(status: number): TrunkOutcome | undefined {
  return bySip[status];
}

/** What a Q.850 cause before an answer means; undefined where none is laid down. */
export function outcomeOfQ850(cause: number): TrunkOutcome | undefined {
  return byQ850[cause];
}

/** How an attempt ended, as a network with both kinds of causes told it. */
export function outcomeOf(ending: {
  readonly isAnswered: boolean;
  /** We hung up while it rang. */
  readonly isCancelled: boolean;
  readonly q850?: number | undefined;
  readonly sip?: number | undefined;
}): { readonly outcome: TrunkOutcome; readonly cause: string } {
  const { isAnswered, isCancelled, q850, sip } = ending;
  const words = [
    ...(q850 === undefined ? [] : [`Q.850 ${q850}`]),
    ...(sip === undefined ? [] : [`SIP ${sip}`]),
  ];
  const cause = words.join(", ") || "none given";
  if (isAnswered) return { outcome: "answered", cause };
  if (isCancelled) return { outcome: "cancelled", cause };
  const known =
    (q850 === undefined ? undefined : byQ850[q850]) ?? (sip === undefined ? undefined : bySip[sip]);
  return { outcome: known ?? "failed", cause };
}
