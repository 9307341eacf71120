/** `voxtree demo`: the demonstration of `engine/demo/`, with the signals of a terminal. */
import { runDemo } from "../demo/demo.js";
import { awaitInterruption } from "./signals.js";
import { createProgress, type Terminal } from "./terminal.js";

export type DemoCommandOptions = {
  readonly isJson: boolean;
  readonly useRecognition: boolean;
  readonly outDir: string;
  /** Left out: all. */
  readonly callees?: readonly string[];
};

/** @returns the exit code: 0 only when every call reached its expected outcome */
export async function demo(options: DemoCommandOptions, terminal: Terminal): Promise<number> {
  const { write, writeError } = terminal;
  const { show, done } = createProgress(terminal);
  const progress = (text: string | undefined): void => (text === undefined ? done() : show(text));
  const { signal, release } = awaitInterruption((name) =>
    writeError(`\n${name}: hanging up. Once more ends at once.\n`),
  );
  try {
    return await runDemo({ ...options, write, writeError, progress, signal });
  } finally {
    release();
  }
}
