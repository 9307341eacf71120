/** Every bench there is: one line each. */
import { capacity } from "./capacity/capacity-bench.js";
import { chaos } from "./chaos/chaos-bench.js";
import { echo } from "./echo/echo-bench.js";
import { floor } from "./floor/floor-bench.js";
import { kernel } from "./kernel/kernel-bench.js";
import { latency } from "./latency/latency-bench.js";
import { media } from "./media/media-bench.js";
import type { Bench } from "./support/bench.js";

export const benches: readonly Bench[] = [
  capacity, // the whole product under N calls; the ladder
  media, // the media path alone: cores per call, lateness of frames
  echo, // what comes back, seen from outside
  floor, // the sockets alone
  latency, // spoken calls with everything embedded
  chaos, // what callers notice of faults
  kernel, // messages a second
];
