/** What a shard tells the node of its analyzers: lines for the log, and figures now and then. */
import type { Time } from "../../base/ports.js";
import type { AnalyzerNotice } from "../../speech/analyzers/analyzer.js";
import { AnalyzerCounts } from "../../speech/analyzers/analyzer-counters.js";
import type { ShardReport } from "../control/messages.js";
import { VendorLog } from "./vendor-log.js";

/** Figures are sent this long after something changed. */
const everyMs = 1000;

/** @returns what to tell of every notice */
export function analyzerReport(
  time: Time,
  report: (message: ShardReport) => void,
): (notice: AnalyzerNotice) => void {
  const counts = new AnalyzerCounts();
  const log = new VendorLog(time, report, "an analyzer");
  let isDue = false;
  return (notice) => {
    const { analyzer: vendor } = notice;
    if (notice.kind === "failed") {
      log.failed({ vendor, code: notice.code, reason: notice.message });
    } else if (notice.kind === "circuit") log.circuit(vendor, notice.change);
    counts.count(notice);
    if (isDue) return;
    isDue = true;
    time.after(everyMs, () => {
      isDue = false;
      report({ kind: "analyzers", figures: counts.figures });
    });
  };
}
