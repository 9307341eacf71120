/**
 * RNNoise in WebAssembly (version 0.1, the small network): takes 10 ms at 48 kHz, and gives them
 * back with what is no voice held down. One instance per thread hosts the streams of that thread;
 * they share one buffer, because a call copies its frame and is done before the next begins.
 *
 * The package's own loader is written for browsers, so the program is instantiated here. Its
 * exports have letters for names; which is which, `rnnoise.js` of the package says.
 *
 * @see Valin, "A Hybrid DSP/Deep Learning Approach to Real-Time Full-Band Speech Enhancement", 2018
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { EngineError, toErrorData } from "../../base/errors.js";

/** The rate at which it works, and what it takes at a time: 10 ms. */
export const rnnoiseRateHz = 48_000;
export const rnnoiseFrameSamples = 480;

/** Codes: `NOISE_LOAD`, `NOISE_MEMORY`, `NOISE_RATE`. */
export class NoiseError extends EngineError {}

/** One stream. Never share it between streams. */
export type RnnoiseStream = {
  /** Replaces 480 samples by what is left of them, one frame later: 10 ms of delay. */
  process(frame: Int16Array): void;
  /** Frees what the stream holds; twice does nothing. */
  close(): void;
};

export interface Rnnoise {
  /** @throws {NoiseError} `NOISE_MEMORY` when no more can be held */
  create(): RnnoiseStream;
}

type Memory = { readonly buffer: ArrayBuffer; grow(pages: number): number };
type Program = {
  readonly c: Memory;
  /** Constructors of the C runtime. */
  d(): void;
  /** `rnnoise_create(model)`: 0 is the built-in model; returns 0 without memory. */
  f(model: number): number;
  /** `malloc` */
  g(bytes: number): number;
  /** `rnnoise_destroy(state)` */
  h(state: number): void;
  /** `rnnoise_process_frame(state, out, in)` */
  j(state: number, out: number, input: number): number;
};

/** What the platform has, typed as far as it is used: see `speech/tts/web-assembly.ts`. */
type Platform = {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

const pageBytes = 65_536;
/** Room for some thousand streams. */
const memoryBytesMax = 64 * 1024 * 1024;

/**
 * Compiles and instantiates it: some milliseconds, so once per thread.
 *
 * @throws {NoiseError} `NOISE_LOAD` when the program of `@jitsi/rnnoise-wasm` does not load
 */
export function loadRnnoise(): Rnnoise {
  const program = instantiated();
  const frameAt = program.g(rnnoiseFrameSamples * Float32Array.BYTES_PER_ELEMENT);
  if (frameAt === 0) throw outOfMemory();
  // The memory may grow: then its buffer is another one.
  let view = new Float32Array(program.c.buffer, frameAt, rnnoiseFrameSamples);
  const samplesOf = () => {
    if (view.buffer !== program.c.buffer) {
      view = new Float32Array(program.c.buffer, frameAt, rnnoiseFrameSamples);
    }
    return view;
  };
  return {
    create() {
      let handle = program.f(0);
      if (handle === 0) throw outOfMemory();
      return {
        process(frame) {
          const samples = samplesOf();
          samples.set(frame);
          program.j(handle, frameAt, frameAt);
          for (let at = 0; at < rnnoiseFrameSamples; at += 1) frame[at] = saturated(samples[at]!);
        },
        close() {
          if (handle !== 0) program.h(handle);
          handle = 0;
        },
      };
    },
  };
}

function instantiated(): Program {
  try {
    const { Module, Instance } = (globalThis as unknown as { WebAssembly: Platform }).WebAssembly;
    const at = createRequire(import.meta.url).resolve("@jitsi/rnnoise-wasm/dist/rnnoise.wasm");
    const holder: { memory?: Memory } = {};
    const resize = (bytes: number) => grow(holder.memory!, bytes);
    const copy = (to: number, from: number, bytes: number) =>
      new Uint8Array(holder.memory!.buffer).copyWithin(to, from, from + bytes);
    const instance = new Instance(new Module(readFileSync(at)), { a: { a: resize, b: copy } });
    const program = instance.exports as Program;
    holder.memory = program.c;
    program.d();
    return program;
  } catch (cause) {
    const why = toErrorData(cause).message;
    throw new NoiseError("NOISE_LOAD", `@jitsi/rnnoise-wasm did not load: ${why}`, {}, { cause });
  }
}

/** What the program calls when its heap is full; 0: there is no more. */
function grow(memory: Memory, bytes: number): number {
  if (bytes > memoryBytesMax) return 0;
  memory.grow(Math.ceil((bytes - memory.buffer.byteLength) / pageBytes));
  return 1;
}

function saturated(value: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(value)));
}

function outOfMemory(): NoiseError {
  const message = "no memory for another stream; suppress the noise of fewer calls at once";
  return new NoiseError("NOISE_MEMORY", message, { memoryBytesMax });
}
