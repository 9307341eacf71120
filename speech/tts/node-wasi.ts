/**
 * Node's WASI without its warning. Loading `node:wasi` prints an ExperimentalWarning, which would
 * meet every user of the engine on the console; nobody there can do anything about it.
 */
import type * as Wasi from "node:wasi";

type Emit = (warning: string | Error, ...rest: unknown[]) => void;

/**
 * Loads `node:wasi`. Only the warning about WASI is dropped, every other one still gets through:
 * loading is synchronous, so nothing else runs while the filter is in place.
 */
export function loadWasi(): typeof Wasi {
  const emitWarning = process.emitWarning.bind(process) as Emit;
  const filtered: Emit = (warning, ...rest) => {
    const isAboutWasi = typeof warning === "string" && warning.startsWith("WASI ");
    if (!isAboutWasi || rest[0] !== "ExperimentalWarning") emitWarning(warning, ...rest);
  };
  const descriptor = Object.getOwnPropertyDescriptor(process, "emitWarning")!;
  Object.defineProperty(process, "emitWarning", { ...descriptor, value: filtered });
  try {
    return process.getBuiltinModule("node:wasi");
  } finally {
    Object.defineProperty(process, "emitWarning", descriptor);
  }
}
