/**
 * A WASI program's only file, kept in memory: what the program opens, it writes here, so that no
 * speech, which may be about a person, ever touches a disk. Everything else a program asks of its
 * host goes on to Node's own WASI.
 *
 * @see WASI preview 1, `path_open`, `fd_write`, `fd_fdstat_get`, `fd_close`
 */

import type { WasmMemory } from "./web-assembly.js";

/** Functions by their WASI name, as `WASI.getImportObject()` hands them out. */
export type WasiFunctions = Readonly<Record<string, (...parameters: never[]) => number>>;

export type MemoryFile = {
  /** The functions to instantiate the program with. */
  readonly functions: WasiFunctions;
  /** Gives access to the program's memory; call it before the program starts. */
  attach(memory: WasmMemory): void;
  /** What the program wrote to its file; empty when it opened none. */
  contents(): Uint8Array;
  /** What it wrote to standard output and error. */
  messages(): string;
};

/** Far above the descriptors that Node hands out to a program with one preopened folder. */
const FILE_DESCRIPTOR = 1000;
const SUCCESS = 0;
const REGULAR_FILE = 4;
const ALL_RIGHTS = 0xffff_ffffn;

/** @param host Node's functions, for everything that is not the file */
export function createMemoryFile(host: WasiFunctions): MemoryFile {
  const file: Uint8Array[] = [];
  const messages: Uint8Array[] = [];
  let memory: WasmMemory | undefined;
  const view = () => new DataView(memory!.buffer);
  const ownOr =
    (name: string, own: (...rest: number[]) => number) =>
    (descriptor: number, ...rest: number[]): number =>
      descriptor === FILE_DESCRIPTOR
        ? own(...rest)
        : host[name]!(...([descriptor, ...rest] as never[]));
  return {
    functions: {
      ...host,
      path_open(...parameters: number[]): number {
        view().setUint32(parameters.at(-1)!, FILE_DESCRIPTOR, true);
        return SUCCESS;
      },
      fd_write(descriptor: number, vectors: number, count: number, written: number): number {
        const bytes = gather(memory!, vectors, count);
        (descriptor === FILE_DESCRIPTOR ? file : messages).push(bytes);
        view().setUint32(written, bytes.length, true);
        return SUCCESS;
      },
      fd_fdstat_get: ownOr("fd_fdstat_get", (at = 0) => {
        view().setUint8(at, REGULAR_FILE);
        view().setUint16(at + 2, 0, true);
        view().setBigUint64(at + 8, ALL_RIGHTS, true);
        view().setBigUint64(at + 16, ALL_RIGHTS, true);
        return SUCCESS;
      }),
      fd_close: ownOr("fd_close", () => SUCCESS),
    },
    attach: (given) => void (memory = given),
    contents: () => Buffer.concat(file),
    messages: () => Buffer.concat(messages).toString("utf8"),
  };
}

/** Copies the buffers of a `ciovec` array: `count` pairs of address and length, 32 bits each. */
function gather(memory: WasmMemory, vectors: number, count: number): Uint8Array {
  const view = new DataView(memory.buffer);
  const parts: Uint8Array[] = [];
  for (let at = vectors; at < vectors + 8 * count; at += 8) {
    const length = view.getUint32(at + 4, true);
    parts.push(new Uint8Array(memory.buffer, view.getUint32(at, true), length));
  }
  return Buffer.concat(parts);
}
