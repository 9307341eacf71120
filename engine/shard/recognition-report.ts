/** What a shard tells the node of its recognisers: lines for the log, and figures now and then. */
import type { Time } from "../../base/ports.js";
import { RecognitionCounters } from "../../speech/asr/network/recognition-counters.js";
import type { RecognitionNotice } from "../../speech/asr/network/resilient.js";
import type { ShardReport } from "../control/messages.js";
import { recognitionLog } from "./recognition-log.js";

/** Figures are sent this long after something changed. */
const everyMs = 1000;

/** @returns what to tell of every notice */
export function recognitionReport(
  time: Time,
  report: (message: ShardReport) => void,
): (notice: RecognitionNotice) => void {
  const counters = new RecognitionCounters();
  const log = recognitionLog(time, report);
  let isDue = false;
  return (notice) => {
    log(notice);
    counters.count(notice);
    if (isDue) return;
    isDue = true;
    time.after(everyMs, () => {
      isDue = false;
      report({ kind: "recognition", figures: counters.byVendor });
    });
  };
}
