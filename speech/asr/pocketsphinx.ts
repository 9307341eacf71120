/**
 * The C functions of PocketSphinx that a decoder needs, called through koffi, and the check whether
 * they are there at all. Nothing is loaded before it is asked for: the libraries are optional.
 *
 * `cmd_ln`, `fsg_model` and `cmn` live in sphinxbase, everything else in pocketsphinx. Pointers are
 * bigints; null stands for NULL.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as koffiTypes from "koffi";
import { RecognitionError } from "./recognizer.js";

type Koffi = typeof koffiTypes;

/** Address of something that the library owns. */
export type Pointer = bigint | null;

/** Where Debian's package `pocketsphinx-en-us` puts the model. */
export const debianModelDirectory = "/usr/share/pocketsphinx/model/en-us";

const installHint = "apt-get install libpocketsphinx3 pocketsphinx-en-us";

export type PocketSphinxAvailability =
  | { readonly ok: true; readonly model: ModelFiles }
  | { readonly ok: false; readonly why: string; readonly install: string };

/** The parts of an installed model. */
export type ModelFiles = { readonly acousticModel: string; readonly dictionary: string };

/**
 * The functions, under the names they have in C without their prefix. Those that return a number
 * return a negative one when they fail.
 *
 * @see pocketsphinx.h, sphinxbase/cmd_ln.h, fsg_model.h, cmn.h (5prealpha)
 */
export type PocketSphinx = {
  /** Makes a decoder; null when the model cannot be read. */
  init(settings: readonly string[]): Pointer;
  free(decoder: Pointer): void;
  /** `isLast` false: the searches that exist do not learn the word. */
  addWord(decoder: Pointer, word: string, phones: string): number;
  /** Reads the text of a graph and keeps it under `name`; negative when it is refused. */
  setFsg(decoder: Pointer, name: string, fsg: string): number;
  setSearch(decoder: Pointer, name: string): number;
  unsetSearch(decoder: Pointer, name: string): number;
  startStream(decoder: Pointer): number;
  startUtterance(decoder: Pointer): number;
  /** 16 kHz mono; the samples are read before it returns. */
  processRaw(decoder: Pointer, samples: Int16Array): number;
  endUtterance(decoder: Pointer): number;
  /** The best words so far, or null. */
  hypothesis(decoder: Pointer): string | null;
  /** Sets the cepstral mean as if it had been seen for `frames` frames of 10 ms. */
  setMean(decoder: Pointer, mean: readonly number[], frames: number): void;
  /** Lets the mean follow what was heard since. */
  updateMean(decoder: Pointer): void;
};

let loaded: PocketSphinx | undefined;

/**
 * Says whether speech can be recognised here, and if not what is missing.
 *
 * @param modelDirectory holds `en-us/mdef` and `cmudict-en-us.dict`
 */
export function isPocketSphinxAvailable(
  modelDirectory = debianModelDirectory,
): PocketSphinxAvailability {
  const model = modelFiles(modelDirectory);
  const missing = [join(model.acousticModel, "mdef"), model.dictionary].find(
    (path) => !existsSync(path),
  );
  if (missing !== undefined) {
    return { ok: false, why: `no speech model: ${missing} is missing`, install: installHint };
  }
  try {
    loadPocketSphinx();
    return { ok: true, model };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, why, install: installHint };
  }
}

function modelFiles(directory: string): ModelFiles {
  return {
    acousticModel: join(directory, "en-us"),
    dictionary: join(directory, "cmudict-en-us.dict"),
  };
}

/**
 * Loads the libraries, once per process, and silences their log.
 *
 * @throws {RecognitionError} `RECOGNITION_UNAVAILABLE` with the command that installs them
 */
export function loadPocketSphinx(): PocketSphinx {
  try {
    return (loaded ??= bind(createRequire(import.meta.url)("koffi") as Koffi));
  } catch (cause) {
    throw new RecognitionError(
      "RECOGNITION_UNAVAILABLE",
      `libpocketsphinx.so.3 or libsphinxbase.so.3 can not be loaded: ${installHint}`,
      { install: installHint },
      { cause },
    );
  }
}

function bind(koffi: Koffi): PocketSphinx {
  const base = koffi.load("libsphinxbase.so.3");
  const sphinx = koffi.load("libpocketsphinx.so.3");
  // A null log file silences the libraries, which write dozens of lines per utterance.
  call(base.func("void err_set_logfp(void *)"))(null);
  const hypothesis = sphinx.func("const char *ps_get_hyp(void *, void *)");
  const processRaw = sphinx.func("int ps_process_raw(void *, int16_t *, size_t, int, int)");
  const unary = (name: string): ((decoder: Pointer) => number) =>
    sphinx.func(`int ${name}(void *)`) as never;
  const named = (name: string): ((decoder: Pointer, search: string) => number) =>
    sphinx.func(`int ${name}(void *, const char *)`) as never;
  const addWord = sphinx.func("int ps_add_word(void *, const char *, const char *, int)");
  return {
    init: bindInit(base, sphinx),
    free: unary("ps_free"),
    addWord: (decoder, word, phones) => call<number>(addWord)(decoder, word, phones, 0),
    setFsg: bindSetFsg(koffi, base, sphinx),
    setSearch: named("ps_set_search"),
    unsetSearch: named("ps_unset_search"),
    startStream: unary("ps_start_stream"),
    startUtterance: unary("ps_start_utt"),
    processRaw: (decoder, samples) =>
      call<number>(processRaw)(decoder, samples, samples.length, 0, 0),
    endUtterance: unary("ps_end_utt"),
    hypothesis: (decoder) => call<string | null>(hypothesis)(decoder, null),
    ...bindMean(koffi, base, sphinx),
  };
}

type Library = ReturnType<Koffi["load"]>;

/** koffi types its functions loosely; the prototypes beside each call say what they take. */
function call<Result = void>(bound: unknown): (...values: unknown[]) => Result {
  return bound as (...values: unknown[]) => Result;
}

function bindInit(base: Library, sphinx: Library): PocketSphinx["init"] {
  const definitions = call<Pointer>(sphinx.func("void *ps_args()"));
  const parse = call<Pointer>(
    base.func("void *cmd_ln_parse_r(void *, void *, int, const char **, int)"),
  );
  const freeSettings = call<number>(base.func("int cmd_ln_free_r(void *)"));
  const init = call<Pointer>(sphinx.func("void *ps_init(void *)"));
  return (settings) => {
    const words = ["voxtree", ...settings];
    const parsed = parse(null, definitions(), words.length, words, 1);
    if (isNull(parsed)) return null;
    const decoder = init(parsed);
    // The decoder keeps a reference of its own.
    freeSettings(parsed);
    return isNull(decoder) ? null : decoder;
  };
}

function bindSetFsg(koffi: Koffi, base: Library, sphinx: Library): PocketSphinx["setFsg"] {
  const libc = koffi.load(null);
  const open = call<Pointer>(libc.func("void *fmemopen(const void *, size_t, const char *)"));
  const close = call<number>(libc.func("int fclose(void *)"));
  const read = call<Pointer>(base.func("void *fsg_model_read(void *, void *, float)"));
  const freeFsg = call<number>(base.func("int fsg_model_free(void *)"));
  const logmath = call<Pointer>(sphinx.func("void *ps_get_logmath(void *)"));
  const set = call<number>(sphinx.func("int ps_set_fsg(void *, const char *, void *)"));
  return (decoder, name, text) => {
    const bytes = Buffer.from(text, "latin1");
    const file = open(bytes, bytes.length, "r");
    if (isNull(file)) return -1;
    const fsg = read(file, logmath(decoder), languageWeight);
    close(file);
    if (isNull(fsg)) return -1;
    const result = set(decoder, name, fsg);
    freeFsg(fsg);
    return result;
  };
}

/** PocketSphinx's own default: how much a probability of the graph counts against the sound. */
const languageWeight = 6.5;

/**
 * The cepstral mean sits in a structure that no function hands out, so we reach through the public
 * `feat_t` (sphinxbase/feat.h), whose layout the library's version 3 fixes.
 */
function bindMean(
  koffi: Koffi,
  base: Library,
  sphinx: Library,
): Pick<PocketSphinx, "setMean" | "updateMean"> {
  const feature = koffi.struct({
    refcount: "int",
    name: "void *",
    cepstrumSize: "int32",
    streamCount: "int32",
    streamLengths: "void *",
    windowSize: "int32",
    subvectorCount: "int32",
    subvectorLengths: "void *",
    subvectors: "void *",
    subvectorBuffer: "void *",
    subvectorSize: "int32",
    meanType: "int",
    normalisesVariance: "int32",
    gainType: "int",
    compute: "void *",
    mean: "void *",
  });
  const mean = koffi.struct({
    mean: "void *",
    variance: "void *",
    sum: "void *",
    frames: "int32",
    size: "int32",
  });
  const featureOf = call<Pointer>(sphinx.func("void *ps_get_feat(void *)"));
  const set = call(base.func("void cmn_live_set(void *, const float *)"));
  const update = call(base.func("void cmn_live_update(void *)"));
  const framesOffset = koffi.offsetof(mean, "frames");
  const meanOf = (decoder: Pointer): Pointer =>
    (koffi.decode(featureOf(decoder), feature) as { mean: Pointer }).mean;
  return {
    setMean(decoder, values, frames) {
      const pointer = meanOf(decoder);
      set(pointer, new Float32Array(values));
      const { sum, size } = koffi.decode(pointer, mean) as { sum: Pointer; size: number };
      const sums = Array.from(values.slice(0, size), (value) => value * frames);
      koffi.encode(sum, koffi.array("float", size), sums);
      koffi.encode(pointer, framesOffset, "int32", frames);
    },
    updateMean: (decoder) => update(meanOf(decoder)),
  };
}

function isNull(pointer: Pointer): boolean {
  return pointer === null || pointer === 0n;
}
