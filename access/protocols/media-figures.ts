/** What a stream can tell of its line, for whoever looks at a call. */
import type { OrderCounters } from "./chunk-order.js";

export type MediaFigures = {
  /** Of peers that do not promise the order of their media (Telnyx); counts are of chunks. */
  readonly order?: Omit<OrderCounters, "window"> & {
    /** How long a missing chunk is waited for now. */
    readonly delayMs: number;
  };
  /** Of streams in Opus whose rate follows the link (native v1). */
  readonly opus?: {
    /** What we send now, and what the peer is asked for. */
    readonly outBitsPerSecond: number;
    readonly inBitsPerSecond: number;
    /** Changes of either so far. */
    readonly changes: number;
  };
};
