/**
 * The port of voice activity detection: is this frame speech?
 * One decision per frame, synchronous, without allocation; smoothing over time is the turn
 * detector's work (`speech/turn/`).
 */
import { EngineError } from "../../base/errors.js";

/** Sampling rates a VAD must take. */
export const vadRatesHz = [8000, 16000, 32000, 48000] as const;
export type VadRateHz = (typeof vadRatesHz)[number];

/** How hard it is to be taken for speech: 0 lets much through, 3 little (WebRTC's own scale). */
export type VadMode = 0 | 1 | 2 | 3;

export type VadOptions = {
  readonly rateHz: VadRateHz;
  /** Default 2. Behind the energy gate the modes differ little, and most in very loud noise. */
  readonly mode?: VadMode;
};

/** One stream's detector. It keeps the history of its stream: never share it between streams. */
export type Vad = {
  /**
   * Judges the next frame of the stream: PCM16 mono, 10, 20 or 30 ms at the rate of creation.
   * The frame is only read, and not kept after the call.
   *
   * @throws {VadError} `VAD_FRAME_SIZE` for any other length, `VAD_CLOSED` after `close`
   */
  isSpeech(frame: Int16Array): boolean;
  /** Forgets the history: the next frame is the first of a new stream. */
  reset(): void;
  /** Frees what the detector holds; twice does nothing. */
  close(): void;
};

export interface VadFactory {
  /** @throws {VadError} `VAD_RATE`, `VAD_MODE`, or `VAD_MEMORY` when no more can be held */
  create(options: VadOptions): Vad;
  /** Detectors that were created and not closed yet; a leak shows here. */
  readonly openCount: number;
}

/** Codes: `VAD_RATE`, `VAD_MODE`, `VAD_FRAME_SIZE`, `VAD_CLOSED`, `VAD_MEMORY`, `VAD_LOAD`. */
export class VadError extends EngineError {}
