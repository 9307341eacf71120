/** The `Recognizer` port over the vendors of the configuration: a shard opens its streams here. */
import { readFileSync } from "node:fs";
import type { Rng, Time } from "../../../base/ports.js";
import type { RecognitionVendorConfig } from "../../../config/schema.js";
import type { Recognizer } from "../recognizer.js";
import { Attempt } from "./attempt.js";
import {
  createResilientRecognizer,
  type RecognitionNotice,
  type ResilientOptions,
  type Seat,
} from "./resilient.js";
import { SocketPool } from "./socket-pool.js";
import { createVendor } from "./vendor-registry.js";
import { VendorHealth } from "../../vendors/vendor-health.js";

export type NetworkRecognizerOptions = {
  /** In the order in which they are preferred; `streamsMax` is this thread's part of it. */
  readonly vendors: readonly RecognitionVendorConfig[];
  /** Another recogniser behind them all, for when they fail. */
  readonly last?: Recognizer | undefined;
  readonly choose: ResilientOptions["choose"];
  readonly hedgeMs?: number | undefined;
  readonly time: Time;
  readonly rng: Rng;
  readonly observe?: (notice: RecognitionNotice) => void;
};

export interface NetworkRecognizer extends Recognizer {
  /** Gives up what is open and closes all connections. */
  close(): void;
}

/**
 * Opens the connections that are wanted ahead at once, the others when they are needed.
 *
 * @throws {Error} when a vendor's `caFile` cannot be read
 */
export function createNetworkRecognizer(options: NetworkRecognizerOptions): NetworkRecognizer {
  const { time, rng, choose, hedgeMs, last, observe = () => undefined } = options;
  const health = (): VendorHealth => new VendorHealth({ clock: time, rng });
  const pools: SocketPool[] = [];
  const seats = options.vendors.map((config): Seat => {
    const vendor = createVendor(config);
    const { idleMsMax, keepAlive, batchMs } = vendor;
    const ca = config.caFile === undefined ? undefined : readFileSync(config.caFile, "utf8");
    const pool = new SocketPool({ ...config, time, rng, idleMsMax, keepAlive, ca });
    pools.push(pool);
    if (vendor.hasOneTarget) pool.warmUp(vendor.target(anyRequest));
    const { name, finalMsMax, languages } = config;
    return {
      name,
      languages,
      health: health(),
      isFull: () => pool.isFull,
      batchMs,
      open: (request, listener) =>
        new Attempt({ vendor, pool, time, finalMsMax, ...request }, listener),
    };
  });
  if (last !== undefined) seats.push(lastSeat(last, health()));
  const recognizer = createResilientRecognizer({ seats, time, rng, choose, hedgeMs, observe });
  return {
    ...recognizer,
    close() {
      for (const pool of pools) pool.close();
    },
  };
}

/** For a vendor whose target is the same for all. */
const anyRequest = { grammar: { language: "", phrases: [] }, rateHz: 8000 };

function lastSeat(recognizer: Recognizer, health: VendorHealth): Seat {
  return {
    name: "embedded",
    languages: ["en"],
    health,
    isFull: () => false,
    open: (request, listener) => recognizer.open(request, listener),
  };
}
