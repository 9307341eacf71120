/**
 * Hang-up causes of FreeSWITCH, by name: its numbers above Q.850's were changed between releases.
 * Pure.
 *
 * @see https://developer.signalwire.com/freeswitch/Troubleshooting-Debugging/Hangup-Cause-Code-Table_3964945
 */
import type { TrunkOutcome } from "../trunk.js";

const byName: Readonly<Record<string, TrunkOutcome>> = {
  USER_BUSY: "busy",
  BUSY_EVERYWHERE: "busy",
  NO_ANSWER: "no_answer",
  NO_USER_RESPONSE: "no_answer",
  ALLOTTED_TIMEOUT: "no_answer",
  PROGRESS_TIMEOUT: "no_answer",
  CALL_REJECTED: "rejected",
  DECLINE: "rejected",
  UNWANTED: "rejected",
  REJECT_ALL: "rejected",
  OUTGOING_CALL_BARRED: "rejected",
  INCOMING_CALL_BARRED: "rejected",
  SUBSCRIBER_ABSENT: "unreachable",
  USER_NOT_REGISTERED: "unreachable",
  DESTINATION_OUT_OF_ORDER: "unreachable",
  NO_ROUTE_DESTINATION: "unreachable",
  NO_ROUTE_TRANSIT_NET: "unreachable",
  GATEWAY_DOWN: "unreachable",
  NETWORK_OUT_OF_ORDER: "unreachable",
  UNALLOCATED_NUMBER: "invalid_number",
  INVALID_NUMBER_FORMAT: "invalid_number",
  NUMBER_CHANGED: "invalid_number",
  DOES_NOT_EXIST_ANYWHERE: "invalid_number",
  NORMAL_CIRCUIT_CONGESTION: "congestion",
  SWITCH_CONGESTION: "congestion",
  REQUESTED_CHAN_UNAVAIL: "congestion",
  NORMAL_TEMPORARY_FAILURE: "congestion",
  INCOMPATIBLE_DESTINATION: "media_mismatch",
  BEARERCAPABILITY_NOTAUTH: "media_mismatch",
  BEARERCAPABILITY_NOTAVAIL: "media_mismatch",
  BEARERCAPABILITY_NOTIMPL: "media_mismatch",
  MEDIA_TIMEOUT: "media_mismatch",
  NORMAL_CLEARING: "cancelled",
  LOSE_RACE: "cancelled",
  MANAGER_REQUEST: "cancelled",
};

/** How an attempt that nobody answered ended, by what FreeSWITCH calls it. */
export function outcomeOfCause(
  name: string,
  seen: { readonly isCancelled: boolean; readonly wasRinging: boolean },
): TrunkOutcome {
  if (seen.isCancelled) return "cancelled";
  // We did not cancel, so the time to ring was over.
  if (name === "ORIGINATOR_CANCEL") return "no_answer";
  // A timer ran out: after a ringing nobody answered, before it nobody was there.
  if (name === "RECOVERY_ON_TIMER_EXPIRE") return seen.wasRinging ? "no_answer" : "unreachable";
  return byName[name] ?? "failed";
}
