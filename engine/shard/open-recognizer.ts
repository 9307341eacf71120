/**
 * What a shard listens with: the recognisers of the network, on sockets of its own, or the embedded
 * one by way of its processes, with the grammars they should have ready.
 */
import type { Rng, Time } from "../../base/ports.js";
import type { RecognitionConfig, RecognitionVendorConfig } from "../../config/schema.js";
import type { CompiledFlow, Expectation } from "../../dialog/dialog-types.js";
import type { RecognitionNotice } from "../../speech/asr/network/resilient.js";
import { createRecognitionClient } from "../../speech/asr/recognition-client.js";
import type { Grammar, Recognizer } from "../../speech/asr/recognizer.js";

/** What a shard is told about recognition. */
export type ShardRecognition = {
  /** Sockets of the recognition processes; none where no recogniser is installed. */
  readonly sockets: readonly string[];
  /** Recognisers on the network, with this shard's part of their streams. */
  readonly vendors: readonly RecognitionVendorConfig[];
  readonly choose: RecognitionConfig["choose"];
  readonly hedgeMs: number | undefined;
};

export type RecognitionPorts = {
  readonly time: Time;
  readonly rng: Rng;
  readonly observe: (notice: RecognitionNotice) => void;
};

export type OpenRecognizer = {
  readonly recognizer: Recognizer;
  /** Has the grammars of a flow built before its first call. */
  prepare(flow: CompiledFlow): void;
  close(): void;
};

/**
 * With vendors, the embedded recogniser stands behind them where there is one.
 *
 * @returns undefined when there is nothing to recognise with: callers answer by keypad
 */
export async function openRecognizer(
  { sockets, vendors, choose, hedgeMs }: ShardRecognition,
  ports: RecognitionPorts,
): Promise<OpenRecognizer | undefined> {
  const local = sockets.length === 0 ? undefined : embedded(sockets, ports.time);
  if (vendors.length === 0) return local;
  // A third of what a shard loads: only where it is used.
  const { createNetworkRecognizer } =
    await import("../../speech/asr/network/network-recognizer.js");
  const last = local?.recognizer;
  const network = createNetworkRecognizer({ vendors, last, choose, hedgeMs, ...ports });
  return {
    recognizer: network,
    prepare: (flow) => local?.prepare(flow),
    close() {
      network.close();
      local?.close();
    },
  };
}

/** Phrases that cannot be listened for are reported by the processes themselves. */
function embedded(sockets: readonly string[], time: Time): OpenRecognizer {
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
