/**
 * What a dual-channel recording shows: who spoke when, where both spoke at once, and how long it
 * took us to fall silent. Pure, and blind to what the engine believes: it only has the samples.
 *
 * Speech is what lies above a gate over the channel's own noise, in frames of 20 ms whose edges are
 * then sharpened to 1 ms; shorter pauses than 300 ms (stops, commas) belong to it:
 *
 *     level    ___▁▇▇▅_▇▇▇▂________▆▇▇▃___
 *     speech      [─────────]      [──]
 */
import { rmsDbfs } from "../../codecs/audio/level.js";
import { extractChannel } from "../../codecs/audio/mix.js";
import { decodeWav } from "../../codecs/audio/wav.js";
import { EngineError } from "../../base/errors.js";

/** A stretch of the recording, in ms since its start. */
export type Span = { readonly fromMs: number; readonly toMs: number };

/** Both sides at once. */
export type Overlap = Span & {
  /** Who came second, into the other's speech. */
  readonly by: "callee" | "agent";
  /** From the beginning of the callee's speech to the end of ours: how soon we gave way. */
  readonly onsetToSilenceMs: number;
};

export type RecordingMeasures = {
  readonly rateHz: number;
  readonly durationMs: number;
  readonly callee: readonly Span[];
  readonly agent: readonly Span[];
  readonly overlaps: readonly Overlap[];
  readonly calleeSpeechMs: number;
  readonly agentSpeechMs: number;
  readonly overlapMs: number;
};

const FRAME_MS = 20;
const EDGE_MS = 1;
/** Shorter pauses are part of the speech around them. */
const PAUSE_MS = 300;
/** The gate lies this far above the noise. */
const ABOVE_NOISE_DB = 15;
/** The tenth part of all frames that is quietest is noise: nobody speaks nine tenths of a call. */
const NOISE_SHARE = 0.1;
/** The gate's bounds: quieter is inaudible beside speech at −20 dBFS, louder must be speech. */
const GATE_DBFS_MIN = -50;
const GATE_DBFS_MAX = -35;

/**
 * Measures a WAV file: left the callee, right the agent.
 *
 * @throws {EngineError} `NOT_DUAL_CHANNEL`; `WavError` when it is no WAV file
 */
export function measureRecording(wav: Uint8Array): RecordingMeasures {
  const audio = decodeWav(wav);
  const { rateHz, channels } = audio;
  if (channels !== 2) {
    const message = `the recording has ${channels} channels; 2 are right: callee, agent`;
    throw new EngineError("NOT_DUAL_CHANNEL", message, { channels });
  }
  const callee = findSpeechSpans(extractChannel(audio, 0), rateHz);
  const agent = findSpeechSpans(extractChannel(audio, 1), rateHz);
  const overlaps = findOverlaps(callee, agent);
  return {
    rateHz,
    durationMs: ((audio.samples.length / channels) * 1000) / rateHz,
    callee,
    agent,
    overlaps,
    calleeSpeechMs: totalMs(callee),
    agentSpeechMs: totalMs(agent),
    overlapMs: totalMs(overlaps),
  };
}

/** The stretches of speech in one channel, in order. */
export function findSpeechSpans(samples: Int16Array, rateHz: number): Span[] {
  const frameSamples = Math.round((rateHz * FRAME_MS) / 1000);
  const levels: number[] = [];
  for (let from = 0; from < samples.length; from += frameSamples) {
    levels.push(rmsDbfs(samples.subarray(from, from + frameSamples)));
  }
  const gateDbfs = gateOf(levels);
  const spans: Span[] = [];
  levels.forEach((level, frame) => {
    if (level < gateDbfs) return;
    const edges = sharpened(samples, rateHz, frame * frameSamples, gateDbfs);
    const last = spans.at(-1);
    if (last === undefined || edges.fromMs - last.toMs >= PAUSE_MS) spans.push(edges);
    else spans[spans.length - 1] = { fromMs: last.fromMs, toMs: edges.toMs };
  });
  return spans;
}

/** Where stretches of both sides lie over one another; touching is not overlapping. */
export function findOverlaps(callee: readonly Span[], agent: readonly Span[]): Overlap[] {
  return callee.flatMap((theirs) =>
    agent.flatMap((ours): Overlap[] => {
      const fromMs = Math.max(theirs.fromMs, ours.fromMs);
      const toMs = Math.min(theirs.toMs, ours.toMs);
      if (toMs <= fromMs) return [];
      const by = theirs.fromMs >= ours.fromMs ? "callee" : "agent";
      return [{ fromMs, toMs, by, onsetToSilenceMs: ours.toMs - theirs.fromMs }];
    }),
  );
}

/**
 * Sentences joined to what one side said in one go: stretches less than `pauseMs` apart, unless one
 * of `breaksMs` (the other side began to speak, or pressed a key) lies between their beginnings.
 */
export function joinSpans(
  spans: readonly Span[],
  { pauseMs, breaksMs }: { readonly pauseMs: number; readonly breaksMs: readonly number[] },
): Span[] {
  const joined: Span[] = [];
  spans.forEach((span, index) => {
    const before = spans[index - 1];
    const isNew =
      before === undefined ||
      span.fromMs - before.toMs >= pauseMs ||
      breaksMs.some((atMs) => atMs > before.fromMs && atMs <= span.fromMs);
    if (isNew) joined.push(span);
    else joined.push({ fromMs: joined.pop()!.fromMs, toMs: span.toMs });
  });
  return joined;
}

/** The sum of the stretches' lengths. */
export function totalMs(spans: readonly Span[]): number {
  return spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}

/** The samples of a stretch, a view. */
export function samplesOf(samples: Int16Array, rateHz: number, { fromMs, toMs }: Span): Int16Array {
  const at = (ms: number): number => Math.max(0, Math.round((ms * rateHz) / 1000));
  return samples.subarray(at(fromMs), at(toMs));
}

function gateOf(levels: readonly number[]): number {
  const sorted = [...levels].sort((a, b) => a - b);
  const noise = sorted[Math.floor(sorted.length * NOISE_SHARE)] ?? -Infinity;
  return Math.min(GATE_DBFS_MAX, Math.max(GATE_DBFS_MIN, noise + ABOVE_NOISE_DB));
}

/** A frame with speech, less what is below the gate at its beginning and end. */
function sharpened(samples: Int16Array, rateHz: number, from: number, gateDbfs: number): Span {
  const pieceSamples = Math.round((rateHz * EDGE_MS) / 1000);
  const to = Math.min(samples.length, from + Math.round((rateHz * FRAME_MS) / 1000));
  const isLoud = (at: number): boolean =>
    rmsDbfs(samples.subarray(at, Math.min(to, at + pieceSamples))) >= gateDbfs;
  let first = from;
  while (first + pieceSamples < to && !isLoud(first)) first += pieceSamples;
  let end = to;
  while (end - pieceSamples > first && !isLoud(end - pieceSamples)) end -= pieceSamples;
  return { fromMs: (first * 1000) / rateHz, toMs: (end * 1000) / rateHz };
}
