/** Lines about the recognisers of the network. */
import type { Time } from "../../base/ports.js";
import type { RecognitionNotice } from "../../speech/asr/network/resilient.js";
import { VendorLog, type WriteLine } from "./vendor-log.js";

/** @returns what to tell of every notice */
export function recognitionLog(time: Time, write: WriteLine): (notice: RecognitionNotice) => void {
  const log = new VendorLog(time, write, "a recogniser");
  return (notice) => {
    if (notice.kind === "circuit") return log.circuit(notice.vendor, notice.change);
    if (notice.kind !== "attemptFailed") return;
    const { vendor, code, message: reason } = notice;
    log.failed({ vendor, code, reason });
  };
}
