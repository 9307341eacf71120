/**
 * WebRTC's voice activity detector (libfvad in WebAssembly), held in check by loudness.
 * fvad alone fires on the first silent frames of a call and holds on for 100 ms after speech:
 * a frame is speech only while both it and the energy gate say so, so the end comes sooner.
 *
 * One WebAssembly instance per thread hosts every detector of that thread; they share one input
 * buffer, because a call copies its frame and is done with it before the next begins.
 */
import fvad, { type FvadModule } from "@echogarden/fvad-wasm";
import { toErrorData } from "../../base/errors.js";
import { createEnergyGate, energyDefaults, type EnergyGate } from "./energy-gate.js";
import {
  vadRatesHz,
  VadError,
  type Vad,
  type VadFactory,
  type VadMode,
  type VadOptions,
  type VadRateHz,
} from "./vad.js";

const modeDefault: VadMode = 2;
const frameSamplesMax = (48_000 * 30) / 1000;
const bytesPerSample = 2;

/** fvad learns what noise is in its first frames, and meanwhile takes loud noise for speech. */
const warmUpMs = 100;

/**
 * Compiles the WebAssembly module, a few milliseconds; do it once per thread, before calls.
 *
 * @throws {VadError} `VAD_LOAD` when the module of `@echogarden/fvad-wasm` cannot be loaded
 */
export async function loadVad(): Promise<VadFactory> {
  const module = await fvad().catch((cause: unknown) => {
    const why = toErrorData(cause).message;
    throw new VadError("VAD_LOAD", `@echogarden/fvad-wasm did not load: ${why}`, {}, { cause });
  });
  const inputPointer = module._malloc(frameSamplesMax * bytesPerSample);
  if (inputPointer === 0) throw outOfMemory(0);
  let openCount = 0;
  return {
    create(options) {
      const { rateHz, mode } = checked(options);
      const handle = module._fvad_new();
      if (handle === 0) throw outOfMemory(openCount);
      openCount += 1;
      const gate = createEnergyGate(rateHz, energyDefaults);
      const closed = () => (openCount -= 1);
      return new Fvad({ module, inputPointer, handle, rateHz, mode, gate, closed });
    },
    get openCount() {
      return openCount;
    },
  };
}

type FvadParts = {
  readonly module: FvadModule;
  readonly inputPointer: number;
  readonly handle: number;
  readonly rateHz: VadRateHz;
  readonly mode: VadMode;
  readonly gate: EnergyGate;
  readonly closed: () => void;
};

class Fvad implements Vad {
  readonly #parts: FvadParts;
  readonly #inputIndex: number;
  readonly #samplesPer10Ms: number;
  readonly #warmUpSamples: number;
  #heardSamples = 0;
  #isGoingOn = false;
  #isClosed = false;

  constructor(parts: FvadParts) {
    this.#parts = parts;
    this.#inputIndex = parts.inputPointer / bytesPerSample;
    this.#samplesPer10Ms = parts.rateHz / 100;
    this.#warmUpSamples = (parts.rateHz * warmUpMs) / 1000;
    this.#configure();
  }

  isSpeech(frame: Int16Array): boolean {
    const { module, handle, inputPointer, gate } = this.#parts;
    this.#checkOpen();
    const step = this.#samplesPer10Ms;
    const { length } = frame;
    if (length !== 2 * step && length !== step && length !== 3 * step) {
      throw wrongFrame(length, this.#parts.rateHz);
    }
    module.HEAP16.set(frame, this.#inputIndex);
    const isVoice = module._fvad_process(handle, inputPointer, frame.length) === 1;
    // The gate hears every frame, also those fvad refuses: its floor must follow the line.
    const isLoud = gate.isLoud(frame, this.#isGoingOn);
    const isWarm = this.#heardSamples >= this.#warmUpSamples;
    if (!isWarm) this.#heardSamples += frame.length;
    this.#isGoingOn = isWarm && isVoice && isLoud;
    return this.#isGoingOn;
  }

  reset(): void {
    this.#checkOpen();
    this.#parts.module._fvad_reset(this.#parts.handle);
    this.#configure();
    this.#parts.gate.reset();
    this.#heardSamples = 0;
    this.#isGoingOn = false;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts.module._fvad_free(this.#parts.handle);
    this.#parts.closed();
  }

  /** Mode and rate; `_fvad_reset` puts both back to libfvad's own defaults. */
  #configure(): void {
    const { module, handle, mode, rateHz } = this.#parts;
    module._fvad_set_mode(handle, mode);
    module._fvad_set_sample_rate(handle, rateHz);
  }

  #checkOpen(): void {
    if (!this.#isClosed) return;
    throw new VadError("VAD_CLOSED", "the detector was closed; create a new one for a new stream");
  }
}

function checked(options: VadOptions): { rateHz: VadRateHz; mode: VadMode } {
  const { rateHz, mode = modeDefault } = options;
  if (!vadRatesHz.includes(rateHz)) {
    const right = vadRatesHz.join(", ");
    throw new VadError("VAD_RATE", `rateHz is ${rateHz}; it must be one of ${right}`, { rateHz });
  }
  if (mode !== 0 && mode !== 1 && mode !== 2 && mode !== 3) {
    throw new VadError("VAD_MODE", `mode is ${String(mode)}; it must be 0, 1, 2 or 3`, { mode });
  }
  return { rateHz, mode };
}

function wrongFrame(samples: number, rateHz: VadRateHz): VadError {
  const right = [10, 20, 30].map((frameMs) => (rateHz / 1000) * frameMs).join(", ");
  return new VadError(
    "VAD_FRAME_SIZE",
    `a frame of ${samples} samples at ${rateHz} Hz; 10, 20 and 30 ms are ${right} samples`,
    { samples, rateHz },
  );
}

function outOfMemory(openCount: number): VadError {
  return new VadError(
    "VAD_MEMORY",
    `the detector's memory is exhausted with ${openCount} detectors open; close those of ended streams`,
    { openCount },
  );
}
