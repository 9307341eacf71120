/** Every bench there is: one line each. */
import { capacity } from "./capacity/capacity-bench.js";
import { chaos } from "./chaos/chaos-bench.js";
import { echo } from "./echo/echo-bench.js";
import { floor } from "./floor/floor-bench.js";
import { hostile } from "./hostile/hostile-bench.js";
import { kernel } from "./kernel/kernel-bench.js";
import { latency } from "./latency/latency-bench.js";
import { media } from "./media/media-bench.js";
import { memory } from "./memory/memory-bench.js";
import { codecs } from "./parts/codecs-bench.js";
import { flow } from "./parts/flow-bench.js";
import { ring } from "./parts/ring-bench.js";
import { vad } from "./parts/vad-bench.js";
import { noise } from "./noise/noise-bench.js";
import { voiceprint } from "./voiceprint/voiceprint-bench.js";
import { opus } from "./opus/opus-bench.js";
import { start } from "./start/start-bench.js";
import { recogniserLossCalls } from "./recogniser-loss/calls-bench.js";
import { recogniserLoss } from "./recogniser-loss/recogniser-loss-bench.js";
import { turns } from "./turns/turns-bench.js";
import { trunk } from "./trunk/trunk-bench.js";
import type { Bench } from "./support/bench.js";

export const benches: readonly Bench[] = [
  capacity, // the whole product under N calls; the ladder
  media, // the media path alone: cores per call, lateness of frames
  trunk, // thousands of calls on one connection
  echo, // what comes back, seen from outside
  floor, // the sockets alone
  hostile, // what callers notice of attacks
  memory, // of a live call; what calls leave behind
  start, // time until calls are taken
  latency, // spoken calls with everything embedded
  chaos, // what callers notice of faults
  kernel, // messages a second
  ring, // the frame ring
  codecs, // codecs, resampler, wire formats
  opus, // bytes against G.711, and cost
  vad, // voice detection and turns
  noise, // what noise costs recognition, and its suppression
  voiceprint, // how often one voice is taken for another
  flow, // one answer in a flow
  turns, // how soon an answer is heard, how often too early; what interrupts us
  recogniserLossCalls, // the same under live calls
  recogniserLoss, // a recogniser that dies in mid-sentence
];
