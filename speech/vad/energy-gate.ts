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
const filterStates = 2;
const fullScale = 32768;
/** Of one step of a sample, a billionth. */
const inaudible = 1e-9;

/** Power (mean square of samples) at a level in dB relative to full scale. */
function powerOf(levelDb: number): number {
  return fullScale * fullScale * 10 ** (levelDb / 10);
}

/** @param rateHz of the frames, any */
export function createEnergyGate(rateHz: number, tuning: EnergyTuning): EnergyGate {
  return new Gate(constantsOf(rateHz, tuning));
}

/** What is the same for all gates of one rate and tuning. */
type Constants = ReturnType<typeof computeConstants>;

const known = new WeakMap<EnergyTuning, Map<number, Constants>>();

/** Shared by all gates: what every stream reads stays in the cache. */
function constantsOf(rateHz: number, tuning: EnergyTuning): Constants {
  const ofTuning = known.get(tuning) ?? new Map<number, Constants>();
  known.set(tuning, ofTuning);
  const constants = ofTuning.get(rateHz) ?? computeConstants(rateHz, tuning);
  ofTuning.set(rateHz, constants);
  return constants;
}

/**
 * @see Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients": HPF.
 */
function computeConstants(rateHz: number, tuning: EnergyTuning) {
  const omega = (2 * Math.PI * tuning.highPassHz) / rateHz;
  const alpha = Math.sin(omega) * Math.SQRT1_2;
  const a0 = 1 + alpha;
  const b0 = (1 + Math.cos(omega)) / 2 / a0;
  return {
    b0,
    b1: -2 * b0,
    a1: (-2 * Math.cos(omega)) / a0,
    a2: (1 - alpha) / a0,
    onsetPowerMin: powerOf(tuning.onsetDbMin),
    holdPowerMin: powerOf(tuning.holdDbMin),
    onsetRatio: 10 ** (tuning.onsetMarginDb / 10),
    holdRatio: 10 ** (tuning.holdMarginDb / 10),
    startPowerMax: powerOf(tuning.floorDbStartMax),
    partSamplesMax: (tuning.floorWindowMs * rateHz) / 1000 / floorParts,
  };
}

class Gate implements EnergyGate {
  readonly #constants: Constants;
  /**
   * Two numbers of the filter, then the minima of the six parts of the floor's window. In a typed
   * array, because a field that changes costs a box; in one of 64 bytes, which lie in the object.
   */
  readonly #state = new Float64Array(filterStates + floorParts);
  #part = 0;
  #partSamples = 0;

  constructor(constants: Constants) {
    this.#constants = constants;
    this.reset();
  }

  isLoud(frame: Int16Array, isGoingOn: boolean): boolean {
    const { onsetPowerMin, holdPowerMin, onsetRatio, holdRatio } = this.#constants;
    const power = this.#power(frame);
    const floorPower = this.#addToFloor(power, frame.length);
    return isGoingOn
      ? power >= holdPowerMin && power >= floorPower * holdRatio
      : power >= onsetPowerMin && power >= floorPower * onsetRatio;
  }

  reset(): void {
    this.#state.fill(0, 0, filterStates);
    this.#state.fill(this.#constants.startPowerMax, filterStates);
    this.#part = 0;
    this.#partSamples = 0;
  }

  /** Mean square after a second-order Butterworth high-pass; it runs on from frame to frame. */
  #power(frame: Int16Array): number {
    const { b0, b1, a1, a2 } = this.#constants;
    const state = this.#state;
    const { length } = frame;
    let s1 = state[0]!;
    let s2 = state[1]!;
    let sum = 0;
    // What needs no `y` is summed first: the processor has it ready when `y` comes.
    for (let index = 0; index < length; index++) {
      const x = frame[index]!;
      const y = b0 * x + s1;
      s1 = b1 * x + s2 - a1 * y;
      s2 = b0 * x - a2 * y;
      sum += y * y;
    }
    // In digital silence the filter would fade for ever, through numbers so small that the
    // processor computes them ten times slower.
    state[0] = Math.abs(s1) < inaudible ? 0 : s1;
    state[1] = Math.abs(s2) < inaudible ? 0 : s2;
    return sum / length;
  }

  /** The minimum of the last `floorWindowMs`, this frame included. */
  #addToFloor(power: number, samples: number): number {
    const state = this.#state;
    if (this.#partSamples >= this.#constants.partSamplesMax) {
      this.#part = (this.#part + 1) % floorParts;
      this.#partSamples = 0;
      state[filterStates + this.#part] = power;
    }
    this.#partSamples += samples;
    if (power < state[filterStates + this.#part]!) state[filterStates + this.#part] = power;
    let least = Infinity;
    for (let index = filterStates; index < state.length; index++) {
      if (state[index]! < least) least = state[index]!;
    }
    return least;
  }
}
