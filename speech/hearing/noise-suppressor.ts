/**
 * Noise suppression of one call: what the VAD and the recogniser hear has the noise held down. It
 * is dear (the bench `noise` says how dear), so it is there for calls that ask for it only.
 */
import { createResampler } from "../../codecs/audio/resampler.js";
import {
  loadRnnoise,
  NoiseError,
  rnnoiseFrameSamples,
  rnnoiseRateHz,
  type Rnnoise,
} from "./rnnoise.js";

/** One stream. */
export type NoiseSuppressor = {
  /** What comes out lags by so much: 16 ms. */
  readonly delayMs: number;
  /**
   * The next 10 ms, or a multiple of them.
   *
   * @returns as many samples, valid until the next call; `frame` is only read
   */
  process(frame: Int16Array): Int16Array;
  close(): void;
};

export interface NoiseSuppression {
  /** @throws {NoiseError} `NOISE_RATE`, `NOISE_MEMORY`, `NOISE_LOAD` */
  create(options: { readonly rateHz: number }): NoiseSuppressor;
}

/** The program is loaded when the first call asks for it. */
export function noiseSuppression(): NoiseSuppression {
  let rnnoise: Rnnoise | undefined;
  return {
    create({ rateHz }) {
      if (rateHz !== 8000 && rateHz !== 16_000) {
        const message = `noise suppression at ${rateHz} Hz; 8000 and 16000 are right`;
        throw new NoiseError("NOISE_RATE", message, { rateHz });
      }
      rnnoise ??= loadRnnoise();
      return suppressor(rnnoise, rateHz);
    },
  };
}

function suppressor(rnnoise: Rnnoise, rateHz: number): NoiseSuppressor {
  const up = createResampler({ fromHz: rateHz, toHz: rnnoiseRateHz });
  const down = createResampler({ fromHz: rnnoiseRateHz, toHz: rateHz });
  const stream = rnnoise.create();
  const frameMs = (rnnoiseFrameSamples * 1000) / rnnoiseRateHz;
  return {
    delayMs: up.delayMs + frameMs + down.delayMs,
    process(frame) {
      const wide = up.process(frame);
      for (let at = 0; at < wide.length; at += rnnoiseFrameSamples) {
        stream.process(wide.subarray(at, at + rnnoiseFrameSamples));
      }
      return down.process(wide);
    },
    close: () => stream.close(),
  };
}
