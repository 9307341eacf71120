/**
 * Starts a mock vendor in a process of its own: it speaks the vendor's protocol to the letter, and
 * hears tone words.
 */
import { fork, type ChildProcess } from "node:child_process";
import { compiledEntry } from "../../../base/compiled-entry.js";
import type { MockReport, MockSettings } from "./mock-vendor-main.js";

export type MockVendor = {
  /** Base URL of the server, without a path. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends the process at once, as a crash would; resolves when it is gone. */
  kill(): Promise<void>;
};

/** Starts a server on loopback; port 0 lets the system choose. Rejects when it does not listen. */
export async function startMockVendor(settings: MockSettings): Promise<MockVendor> {
  const entry = compiledEntry("speech/asr/testing/mock-vendor-main.js");
  const child = fork(entry, [JSON.stringify(settings)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    // Helpers of its collector would take the cores that a bench measures.
    execArgv: [...process.execArgv, "--single-threaded-gc"],
  });
  const port = await portOf(child);
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    url: `ws://127.0.0.1:${port}`,
    port,
    pid: child.pid!,
    async kill() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the mock vendor ended with ${code}`)));
    child.once("message", (report) => resolve((report as MockReport).port));
  });
}
