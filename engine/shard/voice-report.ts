/** What a thread tells the node of its voices: lines for the log, and figures now and then. */
import type { Time } from "../../base/ports.js";
import type { VoiceNotice } from "../../speech/tts/network/resilient-voice.js";
import { VoiceCounts, type VoiceFigures } from "../../speech/tts/network/voice-counters.js";
import type { LogReport } from "../control/messages.js";
import { VendorLog } from "./vendor-log.js";

/** Figures are sent this long after something changed. */
const everyMs = 1000;

export type VoiceReport = LogReport | { readonly kind: "voices"; readonly figures: VoiceFigures };

/** @returns what to tell of every notice */
export function voiceReport(
  time: Time,
  report: (message: VoiceReport) => void,
): (notice: VoiceNotice) => void {
  const counts = new VoiceCounts();
  const log = new VendorLog(time, report, "a voice");
  let isDue = false;
  return (notice) => {
    tellLog(log, notice);
    counts.count(notice);
    if (isDue) return;
    isDue = true;
    time.after(everyMs, () => {
      isDue = false;
      report({ kind: "voices", figures: counts.figures });
    });
  };
}

function tellLog(log: VendorLog, notice: VoiceNotice): void {
  switch (notice.kind) {
    case "attemptFailed":
      return log.failed({ vendor: notice.voice, code: notice.code, reason: notice.message });
    case "circuit":
      return log.circuit(notice.voice, notice.change);
    case "unspoken":
      return log.failed({ vendor: "any", code: notice.code, reason: "a text was not spoken" });
    default:
      return;
  }
}
