/**
 * Starts a mock voice in a process of its own: it speaks the vendor's protocol to the letter, and
 * answers in tone words, so that a test can hear what was said.
 */
import { fork } from "node:child_process";
import { compiledEntry } from "../../../base/compiled-entry.js";
import type { MockVoiceReport, MockVoiceSettings } from "./mock-voice-main.js";

export type MockVoice = {
  readonly port: number;
  /** `http:` or `ws:`, as the vendor has it; ends before the path. */
  readonly url: string;
  /** What it has told so far, in order. */
  readonly reports: readonly MockVoiceReport[];
  /** Resolves when it has told this kind so many times. */
  told(kind: MockVoiceReport["kind"], times?: number): Promise<void>;
  /** Ends the process at once, as a crash would; resolves when it is gone. */
  kill(): Promise<void>;
};

/** Starts a server on loopback; port 0 lets the system choose. Rejects when it does not listen. */
export async function startMockVoice(settings: MockVoiceSettings): Promise<MockVoice> {
  const entry = compiledEntry("speech/tts/testing/mock-voice-main.js");
  const child = fork(entry, [JSON.stringify(settings)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const reports: MockVoiceReport[] = [];
  const waiting: (() => void)[] = [];
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const listening = new Promise<number>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the mock voice ended with ${code}`)));
    child.on("message", (message) => {
      const report = message as MockVoiceReport;
      reports.push(report);
      if (report.kind === "listening") resolve(report.port);
      for (const look of waiting) look();
    });
  });
  const port = await listening;
  const scheme = settings.vendor === "elevenlabs-stream" ? "ws" : "http";
  return {
    port,
    url: `${scheme}://127.0.0.1:${port}`,
    reports,
    told: (kind, times = 1) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (reports.filter((report) => report.kind === kind).length >= times) resolve();
        };
        waiting.push(look);
        look();
      }),
    async kill() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}
