/**
 * Stateful sample-rate conversion between 8, 16, 24 and 48 kHz: one polyphase FIR low-pass, a
 * windowed sinc (Kaiser). Any split of the input into calls gives the same output, bit by bit.
 *
 *     input   ── history ──┬─ block ─────────────┐      one tap set per phase:
 *     window  x x x x x x x│x x x x x x x x x x x│      output n lies between two inputs,
 *             └─ tapsPerPhase ─┘ → one output    │      at n · decimation / interpolation
 *
 * What comes out lags by `delayMs` (3 ms at 8 kHz on either side), always a whole number of samples
 * at both rates; from a foreign rate, at ours.
 */
import { AUDIO_RATES_HZ, FOREIGN_RATES_HZ, isAudioRateHz } from "./audio-codec.js";
import { AudioError } from "./audio-error.js";
import { designPolyphase, type Polyphase } from "./resampler-filter.js";

/** From one of `AUDIO_RATES_HZ` or `FOREIGN_RATES_HZ` to one of `AUDIO_RATES_HZ`. */
export type ResamplerOptions = { readonly fromHz: number; readonly toHz: number };

/** One direction of one stream. Mono. */
export type Resampler = {
  /** How far the output lags behind the input; 0 when the rates are equal. */
  readonly delayMs: number;
  /** The same in samples of the output. */
  readonly delayOutputSamples: number;
  /**
   * Takes the next samples, any number of them, and returns what is ready: a view of the
   * resampler's own buffer, valid until the next `process` or `flush`. `input` is free
   * afterwards. Peaks beyond 16 bits are cut, never wrapped. Allocates only for an input longer
   * than all before, and a view when the count of outputs differs from the last call's.
   */
  process(input: Int16Array): Int16Array;
  /** Pushes out what the delay holds back, by silence, then starts anew. Same view as `process`. */
  flush(): Int16Array;
  /** Forgets the past: the next sample is the first of a stream. */
  reset(): void;
  /** The most samples one `process` returns for so many samples of input. */
  outputSamplesMax(inputSamples: number): number;
};

/** Input samples handled at once; a longer input is cut. 20 ms at 48 kHz and a little. */
const BLOCK_SAMPLES = 1024;

/**
 * Makes a resampler in its initial state. The filter is designed once per pair of rates.
 *
 * @throws {AudioError} `UNKNOWN_RATE` when a rate is none of those.
 */
export function createResampler(options: ResamplerOptions): Resampler {
  if (!isForeignRateHz(options.fromHz)) requireRate("fromHz", options.fromHz);
  requireRate("toHz", options.toHz);
  const output = createOutput();
  if (options.fromHz === options.toHz) return passThrough(output);
  const filter = designPolyphase(options.fromHz, options.toHz);
  const flushSamples = Math.ceil(filter.delayInputSamples);
  const silence = new Int16Array(flushSamples);
  const window = new Float64Array(filter.tapsPerPhase - 1 + BLOCK_SAMPLES);
  const cursor: Cursor = { next: 0, phase: 0 };
  const outputSamplesMax = (inputSamples: number): number =>
    Math.ceil((inputSamples * filter.interpolation) / filter.decimation);

  function reset(): void {
    window.fill(0);
    cursor.next = 0;
    cursor.phase = 0;
  }
  function process(input: Int16Array): Int16Array {
    const samples = output.reserve(outputSamplesMax(input.length));
    let written = 0;
    for (let from = 0; from < input.length; from += BLOCK_SAMPLES) {
      const count = Math.min(BLOCK_SAMPLES, input.length - from);
      const history = filter.tapsPerPhase - 1;
      for (let i = 0; i < count; i += 1) window[history + i] = input[from + i]!;
      written = convert(filter, window, count, cursor, samples, written);
      window.copyWithin(0, count, count + history);
    }
    return output.view(written);
  }
  function flush(): Int16Array {
    const tail = process(silence);
    reset();
    return tail;
  }
  const { delayMs, delayOutputSamples } = filter;
  return { delayMs, delayOutputSamples, process, flush, reset, outputSamplesMax };
}

/**
 * Resamples a whole recording or prompt at once, without the delay: sample 0 of the result is
 * sample 0 of the input, and the length is that of the input times the ratio, rounded up.
 *
 * @returns a new array, which the caller owns.
 * @throws {AudioError} `UNKNOWN_RATE`
 */
export function resampleWhole(options: ResamplerOptions & { samples: Int16Array }): Int16Array {
  const { fromHz, toHz, samples } = options;
  const resampler = createResampler({ fromHz, toHz });
  const length = Math.ceil((samples.length * toHz) / fromHz);
  const whole = new Int16Array(length + resampler.delayOutputSamples);
  const head = resampler.process(samples);
  const headSamples = head.length;
  whole.set(head);
  const tail = resampler.flush();
  whole.set(tail.subarray(0, whole.length - headSamples), headSamples);
  return whole.slice(resampler.delayOutputSamples);
}

/** Where the next output lies: the newest input it needs, counted in the block, and its phase. */
type Cursor = { next: number; phase: number };

/** Computes every output whose inputs are in the window; returns the new count of outputs. */
function convert(
  filter: Polyphase,
  window: Float64Array,
  count: number,
  cursor: Cursor,
  output: Int16Array,
  written: number,
): number {
  const { taps, tapsPerPhase, interpolation, decimation } = filter;
  let { next, phase } = cursor;
  let at = written;
  while (next < count) {
    const sum = dotProduct(taps, phase * tapsPerPhase, window, next, tapsPerPhase);
    output[at] = saturate(sum);
    at += 1;
    phase += decimation;
    while (phase >= interpolation) {
      phase -= interpolation;
      next += 1;
    }
  }
  cursor.next = next - count;
  cursor.phase = phase;
  return at;
}

/** Two sums at a time: the processor need not wait for one addition to begin the next. */
function dotProduct(
  taps: Float64Array,
  tapsFrom: number,
  window: Float64Array,
  windowFrom: number,
  count: number,
): number {
  let even = 0;
  let odd = 0;
  for (let i = 0; i < count; i += 2) {
    even += taps[tapsFrom + i]! * window[windowFrom + i]!;
    odd += taps[tapsFrom + i + 1]! * window[windowFrom + i + 1]!;
  }
  return even + odd;
}

/** To the nearest 16-bit sample; halves go away from zero, so that both half-waves are alike. */
function saturate(value: number): number {
  if (value >= 32767) return 32767;
  if (value <= -32768) return -32768;
  return Math.trunc(value >= 0 ? value + 0.5 : value - 0.5);
}

/** The growing buffer behind the returned views; the last view is kept, as frames are alike. */
function createOutput() {
  let buffer = new Int16Array(0);
  let last = buffer;
  return {
    reserve(samples: number): Int16Array {
      if (buffer.length < samples) {
        buffer = new Int16Array(samples);
        last = buffer;
      }
      return buffer;
    },
    view(samples: number): Int16Array {
      if (last.length !== samples) last = buffer.subarray(0, samples);
      return last;
    },
  };
}

/** Equal rates: a copy, so that the promise about `input` holds here too. */
function passThrough(output: ReturnType<typeof createOutput>): Resampler {
  return {
    delayMs: 0,
    delayOutputSamples: 0,
    process(input) {
      output.reserve(input.length).set(input);
      return output.view(input.length);
    },
    flush: () => output.view(0),
    reset: () => undefined,
    outputSamplesMax: (inputSamples) => inputSamples,
  };
}

/** Whether speech at this rate, in Hz, can be brought to one of ours. */
export function isForeignRateHz(rateHz: number): boolean {
  return (FOREIGN_RATES_HZ as readonly number[]).includes(rateHz);
}

function requireRate(name: string, rateHz: number): void {
  if (isAudioRateHz(rateHz)) return;
  throw new AudioError(
    "UNKNOWN_RATE",
    `resampler: ${name} is ${rateHz}, one of ${AUDIO_RATES_HZ.join(", ")} is right`,
    { [name]: rateHz },
  );
}
