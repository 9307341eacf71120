/**
 * Entry of a recognition process: one engine behind one socket. It lives as long as its parent; the
 * channel to it carries `RecognitionReport` up, and its end is the order to stop.
 */
import { toErrorData, type ErrorData } from "../../base/errors.js";
import { nodeTime } from "../../base/node-ports.js";
import { createRecognitionEngine, type Leases } from "./recognition-engine.js";
import { serveRecognition } from "./recognition-server.js";
import type { GrammarWarning } from "./recognizer.js";

/** Given as JSON in the only argument. */
export type RecognitionProcessOptions = {
  readonly socketPath: string;
  readonly decoders: number;
  readonly modelDirectory?: string;
};

/** What the process tells its parent. */
export type RecognitionReport =
  | { readonly kind: "ready" }
  | { readonly kind: "leases"; readonly leases: Leases }
  | { readonly kind: "warning"; readonly warning: GrammarWarning }
  | { readonly kind: "failed"; readonly error: ErrorData };

const report = (message: RecognitionReport, sent?: () => void): void => {
  if (process.connected) process.send!(message, undefined, undefined, sent);
};

async function main(): Promise<void> {
  const { socketPath, ...engineOptions } = JSON.parse(
    process.argv[2] ?? "{}",
  ) as RecognitionProcessOptions;
  const engine = createRecognitionEngine({
    ...engineOptions,
    scheduler: nodeTime(),
    leasesChanged: (leases) => report({ kind: "leases", leases }),
    warn: (warning) => {
      report({ kind: "warning", warning });
      server?.warn(warning);
    },
  });
  const server = await serveRecognition(engine, socketPath);
  process.once("disconnect", () => {
    server.close();
    engine.close();
    process.exit(0);
  });
  report({ kind: "ready" });
}

// A Ctrl-C in the terminal reaches the whole group; the parent ends us when its calls are done.
process.on("SIGINT", () => undefined);
main().catch((error: unknown) => {
  report({ kind: "failed", error: toErrorData(error) }, () => process.exit(1));
  process.exitCode = 1;
});
