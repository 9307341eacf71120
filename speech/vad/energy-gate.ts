/**
 * Loudness against an adaptive noise floor: the second opinion on what the WebRTC VAD calls speech.
 * The floor is the quietest frame of the last second and a half: speech dips between its syllables,
 * noise does not, so the floor climbs onto steady noise and stays under speech.
 *
 *   level   ▁▁▁▁▆█▅▂▆█▇▂▅▁▁▁▁   onset: above floor + onsetMarginDb
 *   floor   ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁   hold:  above floor + holdMarginDb
 *
 * @see Martin, "Noise power spectral density estimation based on optimal smoothing and minimum
 *   statistics", IEEE Transactions on Speech and Audio Processing 9(5), 2001: the floor's idea.
 */

/** Levels in dB relative to a full-scale square wave, after the high-pass. */
export type EnergyTuning = {
  /** Below this nothing starts, however quiet the line. */
  readonly onsetDbMin: number;
  /** Below this nothing goes on. */
  readonly holdDbMin: number;
  /** How far speech must stand above the floor to start. */
  readonly onsetMarginDb: number;
  /** How far it must stand above the floor to go on; smaller, so that weak endings belong to it. */
  readonly holdMarginDb: number;
  /**
   * In a stream's first `floorWindowMs` the floor stays below this, because a caller may be talking
   * from the first frame on: what is heard so far need not be noise.
   */
  readonly floorDbStartMax: number;
  /** How long the floor looks back, in six equal parts. */
  readonly floorWindowMs: number;
  /** Corner of the second-order high-pass: mains hum and its first harmonic do not count. */
  readonly highPassHz: number;
};

export const energyDefaults: EnergyTuning = {
  onsetDbMin: -50,
  holdDbMin: -55,
  onsetMarginDb: 9,
  holdMarginDb: 5,
  floorDbStartMax: -40,
  floorWindowMs: 1500,
  highPassHz: 200,
};

export type EnergyGate = {
  /**
   * Measures the next frame (PCM16, any length) and moves the floor.
   *
   * @param isGoingOn whether speech was on in the frame before: it may then be weaker
   * @returns whether the frame is loud enough to be speech
   */
  isLoud(frame: Int16Array, isGoingOn: boolean): boolean;
  reset(): void;
};

const floorParts = 6;
const fullScale = 32768;
/** Of one step of a sample, a billionth. */
const inaudible = 1e-9;

/** Power (mean square of samples) at a level in dB relative to full scale. */
function powerOf(levelDb: number): number {
  return fullScale * fullScale * 10 ** (levelDb / 10);
}

/** @param rateHz of the frames, any */
export function createEnergyGate(rateHz: number, tuning: EnergyTuning): EnergyGate {
  const measure = createHighPassPower(rateHz, tuning.highPassHz);
  const floor = createFloor(rateHz, tuning);
  const onsetPowerMin = powerOf(tuning.onsetDbMin);
  const holdPowerMin = powerOf(tuning.holdDbMin);
  const onsetRatio = 10 ** (tuning.onsetMarginDb / 10);
  const holdRatio = 10 ** (tuning.holdMarginDb / 10);
  return {
    isLoud(frame, isGoingOn) {
      const power = measure.power(frame);
      const floorPower = floor.add(power, frame.length);
      return isGoingOn
        ? power >= holdPowerMin && power >= floorPower * holdRatio
        : power >= onsetPowerMin && power >= floorPower * onsetRatio;
    },
    reset() {
      measure.reset();
      floor.reset();
    },
  };
}

/**
 * Mean square after a second-order Butterworth high-pass; the filter runs on from frame to frame.
 *
 * @see Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients": HPF.
 */
function createHighPassPower(rateHz: number, cornerHz: number) {
  const omega = (2 * Math.PI * cornerHz) / rateHz;
  const alpha = Math.sin(omega) * Math.SQRT1_2;
  const a0 = 1 + alpha;
  const b0 = (1 + Math.cos(omega)) / 2 / a0;
  const b1 = -2 * b0;
  const a1 = (-2 * Math.cos(omega)) / a0;
  const a2 = (1 - alpha) / a0;
  // In a typed array because a captured number that changes costs an allocation a write.
  const state = new Float64Array(2);
  return {
    power(frame: Int16Array): number {
      let s1 = state[0]!;
      let s2 = state[1]!;
      let sum = 0;
      for (let index = 0; index < frame.length; index++) {
        const x = frame[index]!;
        const y = b0 * x + s1;
        s1 = b1 * x - a1 * y + s2;
        s2 = b0 * x - a2 * y;
        sum += y * y;
      }
      // In digital silence the filter would fade for ever, through numbers so small that the
      // processor computes them ten times slower.
      state[0] = Math.abs(s1) < inaudible ? 0 : s1;
      state[1] = Math.abs(s2) < inaudible ? 0 : s2;
      return sum / frame.length;
    },
    reset: () => void state.fill(0),
  };
}

/** The minimum of the last `floorWindowMs`, kept as the minima of six parts of it. */
function createFloor(rateHz: number, tuning: EnergyTuning) {
  const startPowerMax = powerOf(tuning.floorDbStartMax);
  const partSamplesMax = (tuning.floorWindowMs * rateHz) / 1000 / floorParts;
  const minima = new Float64Array(floorParts).fill(startPowerMax);
  let part = 0;
  let partSamples = 0;
  return {
    /** Adds a frame's power; returns the floor, this frame included. */
    add(power: number, samples: number): number {
      if (partSamples >= partSamplesMax) {
        part = (part + 1) % floorParts;
        partSamples = 0;
        minima[part] = power;
      }
      partSamples += samples;
      if (power < minima[part]!) minima[part] = power;
      let least = Infinity;
      for (let index = 0; index < floorParts; index++) {
        if (minima[index]! < least) least = minima[index]!;
      }
      return least;
    },
    reset() {
      minima.fill(startPowerMax);
      part = 0;
      partSamples = 0;
    },
  };
}
