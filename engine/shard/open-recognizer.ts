/** The shard's way to the recognition processes, and the grammars they should have ready. */
import type { Time } from "../../base/ports.js";
import type { CompiledFlow } from "../../dialog/dialog-types.js";
import type { Recognizer } from "../../speech/asr/recognizer.js";

export type OpenRecognizer = {
  readonly recognizer: Recognizer;
  /** Has the grammars of a flow built before its first call. */
  prepare(flow: CompiledFlow): void;
  close(): void;
};

/** @returns undefined when there are no recognition processes */
export function openRecognizer(
  sockets: readonly string[],
  _time: Time,
): OpenRecognizer | undefined {
  if (sockets.length === 0) return undefined;
  return undefined;
}
