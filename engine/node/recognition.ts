/** What this node recognises speech with: processes, or vendors on the network, or nothing. */
import type { Time } from "../../base/ports.js";
import type { RecognitionConfig, ThreadsConfig } from "../../config/schema.js";
import type { Leases } from "../../speech/asr/recognition-engine.js";
import { isPocketSphinxAvailable } from "../../speech/asr/pocketsphinx.js";
import {
  startRecognitionPool,
  type RecognitionPoolEvent,
} from "../../speech/asr/recognition-pool.js";

export type Recognition = {
  /** Where shards reach the processes; none: callers answer by keypad. */
  readonly sockets: readonly string[];
  /** What is missing and how to get it. */
  readonly note: string | undefined;
  /** Decoders lent out, of those there are; undefined where recognition needs none of ours. */
  readonly leases: () => Leases | undefined;
  /** Of the processes that run now, for CPU accounting. */
  readonly processIds: () => readonly number[];
  stop(): Promise<void>;
};

export type RecognitionLog = (level: "info" | "warn", message: string, fields: object) => void;

/**
 * Starts the processes. Where PocketSphinx is missing the engine runs without it and says so; a
 * model folder that was configured and does not work is an error.
 *
 * @throws {RecognitionError} `RECOGNITION_UNAVAILABLE`
 */
export async function startRecognition(
  config: RecognitionConfig,
  time: Time,
  log: RecognitionLog,
): Promise<Recognition> {
  if (!config.isEnabled)
    return none("speech recognition is switched off: callers answer by keypad");
  if (config.vendors.length > 0 && !config.isEmbeddedLast) return none(undefined);
  const { modelDir: modelDirectory, processCount: processes, decodersPerProcess } = config;
  const available = isPocketSphinxAvailable(modelDirectory);
  if (!available.ok && modelDirectory === undefined) {
    return none(
      `no speech recogniser (${available.why}): callers answer by keypad; to have one: ${available.install}`,
    );
  }
  const pool = await startRecognitionPool({
    time,
    processes,
    decodersPerProcess,
    ...(modelDirectory === undefined ? {} : { modelDirectory }),
    onEvent: (event) => logEvent(event, log),
  });
  return {
    sockets: pool.sockets,
    note: undefined,
    leases: () => pool.leases,
    processIds: () => pool.processIds,
    stop: () => pool.stop(),
  };
}

/** What one shard may use of each vendor: no shard knows what the others do. */
export function shareOfVendors<Vendor extends { readonly streamsMax: number }>(
  vendors: readonly Vendor[],
  shardIndex: number,
  { shardCount }: Pick<ThreadsConfig, "shardCount">,
): Vendor[] {
  return vendors.map((vendor) => {
    const rest = shardIndex < vendor.streamsMax % shardCount ? 1 : 0;
    return { ...vendor, streamsMax: Math.floor(vendor.streamsMax / shardCount) + rest };
  });
}

function none(note: string | undefined): Recognition {
  return {
    sockets: [],
    note,
    leases: () => undefined,
    processIds: () => [],
    stop: () => Promise.resolve(),
  };
}

function logEvent(event: RecognitionPoolEvent, log: RecognitionLog): void {
  switch (event.kind) {
    case "processLost": {
      const { index, reason, restartMs } = event;
      return log("warn", "a recognition process is lost", { index, reason, restartMs });
    }
    case "processReady":
      return log("info", "a recognition process is ready", { index: event.index, pid: event.pid });
    case "warning":
      return log("warn", "a phrase cannot be listened for", event.warning);
  }
}
