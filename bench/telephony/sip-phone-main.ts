/** Entry of a process of SIP telephones with simulated callees; talks to its parent over IPC. */
import { nodeTime } from "../../base/node-ports.js";
import { loadCalleeParts } from "../../engine/loopback/callee-load.js";
import type { RecognitionState } from "../../engine/loopback/callee-messages.js";
import type { CalleeScript } from "../../engine/loopback/callee-script.js";
import { SipPhones, type SipReport } from "./sip-phone.js";

export type SipPhoneSettings = {
  readonly scripts: readonly CalleeScript[];
  readonly isRecognizing: boolean;
  readonly streamsMax: number;
  readonly recordDir?: string;
};

export type SipPhoneNotice =
  | { readonly kind: "ready"; readonly port: number; readonly recognition: RecognitionState }
  | { readonly kind: "report"; readonly report: SipReport };

const notify = (notice: SipPhoneNotice): void => void process.send?.(notice);

async function serve({ scripts, ...settings }: SipPhoneSettings): Promise<void> {
  const parts = await loadCalleeParts(settings, nodeTime());
  const report = (told: SipReport): void => notify({ kind: "report", report: told });
  const phones = new SipPhones({ host: "127.0.0.1", scripts, parts, report });
  notify({ kind: "ready", port: await phones.open(), recognition: parts.recognition });
}

process.once("message", (settings: SipPhoneSettings) => void serve(settings));
process.once("disconnect", () => process.exit(0));
