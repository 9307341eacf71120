/** Speech under noise of a kind and a strength, the same in every run. */

export type NoiseKind = "white" | "car";

/** Noise of about unit strength. `car`: a rumble that falls by 12 dB an octave. */
export function noiseBed(kind: NoiseKind, count: number): Float64Array {
  let state = 12_345;
  let [once, twice] = [0, 0];
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    const white = (state / 0x7fff_ffff - 0.5) * 3.46;
    if (kind === "white") return white;
    once = 0.9 * once + white;
    twice = 0.9 * twice + once;
    return twice / 10;
  });
}

/**
 * A line at 8 kHz: noise all along, and the voice behind `leadMs` of it.
 *
 * @param options.snrDb strength of the whole utterance over that of the noise
 */
export function noisyLine(options: {
  readonly voice: Int16Array;
  readonly kind: NoiseKind;
  readonly snrDb: number;
  readonly leadMs: number;
}): { readonly noisy: Int16Array; readonly clean: Int16Array } {
  const { voice, kind, snrDb, leadMs } = options;
  const lead = leadMs * 8;
  const count = Math.ceil((lead + voice.length + 2400) / 160) * 160;
  const clean = new Int16Array(count);
  clean.set(voice, lead);
  const bed = noiseBed(kind, count);
  const strength = Math.sqrt(meanSquare(voice) / 10 ** (snrDb / 10) / meanSquare(bed));
  const noisy = Int16Array.from(bed, (value, at) => {
    return Math.max(-32_768, Math.min(32_767, Math.round(value * strength + clean[at]!)));
  });
  return { noisy, clean };
}

function meanSquare(samples: Int16Array | Float64Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum / samples.length;
}
