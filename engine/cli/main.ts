#!/usr/bin/env -S node --single-threaded-gc --max-semi-space-size=4
/**
 * The `voxtree` command: runs what was asked for, and says in one line what went wrong.
 *
 * Each thread collects its own garbage. The helpers of V8 are one pool for all threads: on a loaded
 * machine a pause of one millisecond waits ten until a helper has its turn, and audio is late.
 */
import { helpersYield } from "../../base/thread-priority.js";
import { describeError } from "./print-error.js";
import { createProgram } from "./program.js";
import { processTerminal } from "./terminal.js";

helpersYield();
const terminal = processTerminal();
let exitCode = 0;
try {
  await createProgram(terminal, (code) => (exitCode = code)).parseAsync();
} catch (error) {
  terminal.writeError(describeError(error));
  exitCode = 1;
}
// Once what was asked for is done, nothing that is still open may keep the terminal waiting.
process.exit(exitCode);
