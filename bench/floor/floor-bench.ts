/**
 * Question: what do the sockets alone cost? A bare server on the transport of the gateway sends
 * back every frame it gets; the rest of an engine comes on top of this.
 */
import { defineBench, type OptionValues, type Progress } from "../support/bench.js";
import { callOptions, transportOf } from "../support/call-options.js";
import {
  floorCoresOf,
  generatorOf,
  whyNotValid,
  type GeneratorFigures,
} from "../support/call-result.js";
import { silenceClip, speechClips } from "../support/clips.js";
import { round, tailOf, type Tail } from "../support/figures.js";
import { generatorLine, tailTable } from "../support/format-calls.js";
import { withLoad } from "../support/with-load.js";
import { runFloor } from "./floor-run.js";

const { calls, seconds, repeats, transport: driver, "warm-up": warmUp } = callOptions;
const options = {
  calls,
  seconds,
  repeats,
  "warm-up": warmUp,
  transport: driver,
  "echo-percent": { kind: "count", default: 100, min: 0, max: 100, help: "frames sent back" },
} as const;

export type FloorResult = {
  readonly bench: "floor";
  readonly transport: string;
  readonly calls: number;
  readonly seconds: number;
  readonly coresPerCall: number;
  readonly coresPerCallSpread: readonly [number, number];
  readonly rssPerCallMb: number;
  readonly roundTripMs: Tail;
  readonly work: { readonly framesSent: number; readonly framesHeard: number };
  readonly generator: GeneratorFigures;
  readonly isValid: boolean;
  readonly notes: readonly string[];
};

export async function floorBench(
  values: OptionValues<typeof options>,
  progress: Progress,
): Promise<FloorResult> {
  const clips = [silenceClip(), ...(await speechClips())];
  const warmUpSeconds = values["warm-up"];
  const transport = transportOf(values.transport);
  const echoShare = values["echo-percent"] / 100;
  const plan = { ...values, transport, warmUpSeconds, echoShare, clips, progress };
  const run = await withLoad((load) => runFloor(plan, load));
  const perCall = floorCoresOf(values.calls, run);
  const generator = generatorOf(run.load, run.windows);
  const notes = whyNotValid(generator);
  return {
    bench: "floor",
    transport: run.transport,
    calls: values.calls,
    seconds: values.seconds,
    coresPerCall: perCall.median,
    coresPerCallSpread: [perCall.min, perCall.max],
    rssPerCallMb: round(run.rssPerCallMb, 3),
    roundTripMs: tailOf(run.load.roundTripMs),
    work: { framesSent: run.load.sentFrames, framesHeard: run.load.heardFrames },
    generator,
    isValid: notes.length === 0,
    notes: [...notes, ...run.load.broken],
  };
}

export const floor = defineBench({
  name: "floor",
  question: "what do the sockets alone cost?",
  options,
  run: floorBench,
  format(result: FloorResult) {
    const { coresPerCall, coresPerCallSpread: spread } = result;
    const lines = [
      `floor: ${result.calls} connections, ${result.seconds} s${result.isValid ? "" : "  (NOT VALID)"}`,
      `  cores per connection ${coresPerCall} (${spread[0]} … ${spread[1]})`,
      ...tailTable([["round trip", result.roundTripMs]]),
      generatorLine(result.generator),
      ...result.notes.map((note) => `  ! ${note}`),
    ];
    return `${lines.join("\n")}\n`;
  },
});
