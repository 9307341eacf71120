/** How an error reads in a terminal. */
import { EngineError } from "../../base/errors.js";

/**
 * What we foresaw says by itself what is wrong and what is right, so that is all that is printed.
 * What nobody foresaw is a bug: its stack helps whoever repairs it.
 */
export function describeError(thrown: unknown): string {
  if (thrown instanceof EngineError) return `voxtree: ${thrown.message}\n`;
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return `voxtree: this should not have happened; please report it\n${text}\n`;
}
