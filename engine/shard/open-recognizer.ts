/** The shard's way to the recognition processes, and the grammars they should have ready. */
import type { Time } from "../../base/ports.js";
import type { CompiledFlow, Expectation } from "../../dialog/dialog-types.js";
import { createRecognitionClient } from "../../speech/asr/recognition-client.js";
import type { Grammar, Recognizer } from "../../speech/asr/recognizer.js";

export type OpenRecognizer = {
  readonly recognizer: Recognizer;
  /** Has the grammars of a flow built before its first call. */
  prepare(flow: CompiledFlow): void;
  close(): void;
};

/**
 * Phrases that cannot be listened for are reported by the processes themselves.
 *
 * @returns undefined when there are no recognition processes
 */
export function openRecognizer(sockets: readonly string[], time: Time): OpenRecognizer | undefined {
  if (sockets.length === 0) return undefined;
  const client = createRecognitionClient({ sockets, scheduler: time });
  return {
    recognizer: client,
    prepare(flow) {
      const grammars = flow.allExpectations().filter(({ kind }) => kind !== "none");
      client.prepare(grammars.map((expectation) => grammarOf(expectation, flow.language)));
    },
    close: () => client.close(),
  };
}

function grammarOf({ phrases, digits }: Expectation, language: string): Grammar {
  return { language, phrases, ...(digits === undefined ? {} : { digits }) };
}
