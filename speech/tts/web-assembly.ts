/**
 * The part of the platform's `WebAssembly` that we use, typed: the TypeScript library declares it
 * only together with a browser's whole DOM.
 */

/** A compiled program; may be instantiated many times. */
export type WasmModule = { readonly __isWasmModule: true };
export type WasmMemory = { readonly buffer: ArrayBuffer };
export type WasmInstance = { readonly exports: { readonly memory: WasmMemory } };

type WebAssemblyApi = {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  instantiate(module: WasmModule, imports: object): Promise<WasmInstance>;
};

/** @see https://webassembly.github.io/spec/js-api/ */
export const webAssembly = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
