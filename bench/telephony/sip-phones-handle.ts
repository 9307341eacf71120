/** The SIP telephones as whoever dials them holds them: a process, and what it reports. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { compiledEntry } from "../../base/compiled-entry.js";
import type { CallView } from "../../engine/engine-node.js";
import type { RecognitionState } from "../../engine/loopback/callee-messages.js";
import type { CalleeReport } from "../../engine/loopback/callee-report.js";
import type { LineMeasures } from "./rtp-line.js";
import type { SipPhoneNotice, SipPhoneSettings } from "./sip-phone-main.js";
import type { SipReport } from "./sip-phone.js";

export type SipPhonesHandle = {
  /** `sip:<script>@127.0.0.1:<port>` rings one of them. */
  readonly port: number;
  readonly recognition: RecognitionState;
  /** Of every call that was answered and is over. */
  reports(): readonly SipReport[];
  /** What came over the line, of every call that was answered and is over. */
  line(): readonly LineMeasures[];
  /** What the callee of a script says of its call; undefined where nobody answered. */
  reportOf(script: string, view: CallView): Promise<CalleeReport | undefined>;
  stop(): void;
};

export async function startSipPhones(settings: SipPhoneSettings): Promise<SipPhonesHandle> {
  const entry = fileURLToPath(compiledEntry("bench/telephony/sip-phone-main.js"));
  const child = fork(entry, [], {
    execArgv: ["--no-warnings"],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const reports: SipReport[] = [];
  const waiting = new Set<() => void>();
  const ready = await new Promise<Extract<SipPhoneNotice, { kind: "ready" }>>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the telephones ended with code ${code}`)));
    child.on("message", (message) => {
      const notice = message as SipPhoneNotice;
      if (notice.kind === "ready") return resolve(notice);
      reports.push(notice.report);
      for (const look of waiting) look();
    });
    child.send(settings);
  });
  return {
    port: ready.port,
    recognition: ready.recognition,
    reports: () => reports,
    line: () => reports.map(({ line }) => line),
    stop: () => void child.disconnect(),
    reportOf(script, view) {
      if (view.answeredEpochMs === undefined) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        const look = (): void => {
          const found = reports.find((report) => report.script === script);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found.report);
        };
        waiting.add(look);
        look();
      });
    },
  };
}
