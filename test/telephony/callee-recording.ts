/** What a callee of the rig recorded of its call: what it heard and what it said, in step. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { nodeTime } from "../../base/node-ports.js";
import { rmsDbfs } from "../../codecs/audio/level.js";
import { decodeWav } from "../../codecs/audio/wav.js";
import { DECOYS } from "../../engine/loopback/decoys.js";
import { pureToneHz } from "../../speech/analyzers/pure-tone.js";
import { createLocalRecognizer } from "../../speech/asr/local-recognizer.js";

export type CalleeRecording = {
  readonly rateHz: number;
  readonly heard: Int16Array;
  readonly said: Int16Array;
};

const frameMs = 20;
/** Below it a line is quiet. */
const audibleDbfs = -50;

/** Of the one call to `callee`, once it is whole; undefined until then. */
export function recordingOf(runDir: string, callee: string): CalleeRecording | undefined {
  const dir = join(runDir, "heard");
  const read = (end: string) => {
    const name = readdirSync(dir).find((one) => one.startsWith(callee) && one.endsWith(end));
    return name === undefined ? undefined : decodeWav(readFileSync(join(dir, name)));
  };
  const [heard, said] = [read(".heard.wav"), read(".said.wav")];
  if (heard === undefined || said === undefined || said.samples.length === 0) return undefined;
  return { rateHz: heard.rateHz, heard: heard.samples, said: said.samples };
}

/** The first steady tone of at least 200 ms. */
export function toneIn(
  samples: Int16Array,
  rateHz: number,
): { readonly hz: number; readonly fromMs: number; readonly toMs: number } | undefined {
  const frames = framesOf(samples, rateHz).map((frame) => pureToneHz(frame, rateHz));
  for (let from = 0; from < frames.length; from += 1) {
    const hz = frames[from]!;
    let to = from;
    while (hz > 0 && to < frames.length && Math.abs(frames[to]! / hz - 1) < 0.02) to += 1;
    if (to - from >= 10) return { hz, fromMs: from * frameMs, toMs: to * frameMs };
  }
  return undefined;
}

/** When something can be heard for the first time; undefined: never. */
export function audibleFromMs(samples: Int16Array, rateHz: number): number | undefined {
  const at = framesOf(samples, rateHz).findIndex((frame) => rmsDbfs(frame) > audibleDbfs);
  return at === -1 ? undefined : at * frameMs;
}

/** Which of these texts is heard, among sentences like them; what is none of them is "". */
export async function recognisedIn(
  samples: Int16Array,
  rateHz: number,
  texts: readonly string[],
): Promise<string> {
  const recognizer = createLocalRecognizer({ scheduler: nodeTime() });
  const grammar = { language: "en-US", phrases: [...texts, ...DECOYS] };
  const heard = await new Promise<string>((resolve, reject) => {
    const stream = recognizer.open({ grammar, rateHz }, (event) => {
      if (event.kind === "final") resolve(event.text);
      if (event.kind === "failed") reject(new Error(event.error.message));
    });
    stream.write(samples);
    stream.finish();
  });
  recognizer.close();
  return heard;
}

function framesOf(samples: Int16Array, rateHz: number): Int16Array[] {
  const size = (rateHz * frameMs) / 1000;
  return Array.from({ length: Math.floor(samples.length / size) }, (_, index) =>
    samples.subarray(index * size, (index + 1) * size),
  );
}
