/** Types of `@echogarden/fvad-wasm`, which ships none: what this folder uses, nothing more. */
declare module "@echogarden/fvad-wasm" {
  export type FvadModule = {
    /** The module's memory as samples; replaced when the memory grows, so read it at each use. */
    readonly HEAP16: Int16Array;
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    /** Returns 0 when memory is exhausted. */
    _fvad_new(): number;
    _fvad_free(handle: number): void;
    /** Clears the history, and sets mode and rate back to 0 and 8000. */
    _fvad_reset(handle: number): void;
    _fvad_set_mode(handle: number, mode: number): number;
    _fvad_set_sample_rate(handle: number, rateHz: number): number;
    /** 1 speech, 0 none, -1 wrong length. */
    _fvad_process(handle: number, samplesPointer: number, sampleCount: number): number;
  };
  export default function fvad(): Promise<FvadModule>;
}
