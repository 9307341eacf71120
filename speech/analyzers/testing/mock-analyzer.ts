/** Starts a mock analyzer in a process of its own. */
import { fork } from "node:child_process";
import { compiledEntry } from "../../../base/compiled-entry.js";
import type { MockAnalyzerSettings } from "./mock-analyzer-main.js";

export type MockAnalyzer = {
  readonly url: string;
  /** Ends the process at once; resolves when it is gone. */
  kill(): Promise<void>;
};

export async function startMockAnalyzer(settings: MockAnalyzerSettings): Promise<MockAnalyzer> {
  const entry = compiledEntry("speech/analyzers/testing/mock-analyzer-main.js");
  const child = fork(entry, [JSON.stringify(settings)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the mock analyzer ended with ${code}`)));
    child.once("message", (message) => resolve((message as { port: number }).port));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async kill() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}
