/**
 * Lines about the recognisers of the network. A vendor that dies fails a hundred utterances at one
 * instant: one line a second says so, for each kind of failure, with how many there were.
 */
import type { Time } from "../../base/ports.js";
import type { RecognitionNotice } from "../../speech/asr/network/resilient.js";
import type { LogReport } from "../control/messages.js";

const quietMs = 1000;
const noFailures = 0;

export type WriteLine = (line: LogReport) => void;

/** @returns what to tell of every notice */
export function recognitionLog(time: Time, write: WriteLine): (notice: RecognitionNotice) => void {
  /** Failures that were not told yet, by vendor and code. */
  const untold = new Map<string, number>();
  const line = (level: LogReport["level"], message: string, fields: object): void =>
    write({ kind: "log", level, message, fields: { ...fields } });
  const failed = (notice: Extract<RecognitionNotice, { kind: "attemptFailed" }>): void => {
    const { vendor, code, message } = notice;
    const key = `${vendor} ${code}`;
    const count = untold.get(key);
    if (count !== undefined) return void untold.set(key, count + 1);
    line("warn", "a recogniser failed", { vendor, code, reason: message });
    untold.set(key, noFailures);
    time.after(quietMs, () => {
      const more = untold.get(key) ?? noFailures;
      untold.delete(key);
      if (more > noFailures)
        line("warn", "a recogniser failed again", { vendor, code, times: more });
    });
  };
  return (notice) => {
    if (notice.kind === "attemptFailed") return failed(notice);
    if (notice.kind !== "circuit") return;
    const { vendor, change } = notice;
    if (change === "opened")
      line("error", "a recogniser is left out: it fails too often", { vendor });
    else line("info", "a recogniser is used again", { vendor });
  };
}
