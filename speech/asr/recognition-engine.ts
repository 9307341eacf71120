/**
 * K decoders behind the Recognizer port, in this thread: each stream leases one for its utterance.
 * A native call may block for 10 ms, so the engine handles one piece of one stream at a time and
 * lets the event loop run in between.
 */
import type { Scheduler } from "../../base/ports.js";
import { compileGrammar, grammarKey, type CompiledGrammar } from "./compiled-grammar.js";
import { Decoder, decoderRatesHz, type DecoderParts } from "./decoder.js";
import { EngineStream, type Ended } from "./engine-stream.js";
import { isPocketSphinxAvailable, loadPocketSphinx } from "./pocketsphinx.js";
import { loadPronunciations } from "./pronunciations.js";
import {
  RecognitionError,
  type Grammar,
  type GrammarWarning,
  type Recognizer,
  type RecognizerEvent,
  type RecognizerStream,
} from "./recognizer.js";

export type RecognitionEngineOptions = {
  readonly scheduler: Scheduler;
  /** How many utterances at once; each decoder takes about 5 MB and 2 MB per grammar. */
  readonly decoders: number;
  /** @see debianModelDirectory */
  readonly modelDirectory?: string;
  /** Told whenever a lease begins or ends. */
  readonly leasesChanged?: (leases: Leases) => void;
  /** Told once per grammar about every phrase that is left out. */
  readonly warn?: (warning: GrammarWarning) => void;
};

/** Decoders in use, of all there are. */
export type Leases = { readonly inUse: number; readonly total: number };

export interface RecognitionEngine extends Recognizer {
  readonly leases: Leases;
  /** Whether `stream` has a decoder: false when it failed at once, or has ended. */
  isLeased(stream: RecognizerStream): boolean;
  /** Loads grammars into idle decoders, a step at a time, so that opening a stream is cheap. */
  prepare(grammars: readonly Grammar[]): void;
  /** Fails what is open with `RECOGNITION_LOST` and frees the decoders. */
  close(): void;
}

/** Compiled grammars kept; a flow has about ten. */
const compiledMax = 256;

/**
 * Loads library, dictionary and decoders: about 100 ms, and 10 ms per decoder.
 *
 * @throws {RecognitionError} `RECOGNITION_UNAVAILABLE` saying what to install, or
 *   `RECOGNITION_BROKEN` when the model cannot be read
 */
export function createRecognitionEngine(options: RecognitionEngineOptions): RecognitionEngine {
  const available = isPocketSphinxAvailable(options.modelDirectory);
  if (!available.ok) {
    const { why, install } = available;
    throw new RecognitionError("RECOGNITION_UNAVAILABLE", `${why}; ${install}`, { why, install });
  }
  const sounds = loadPronunciations(available.model.dictionary);
  return createEngineFrom(options, { library: loadPocketSphinx(), model: available.model, sounds });
}

/** The same from parts that are loaded already. */
export function createEngineFrom(
  options: RecognitionEngineOptions,
  parts: DecoderParts,
): RecognitionEngine {
  return new Engine(options, parts);
}

class Engine implements RecognitionEngine {
  readonly ratesHz = decoderRatesHz;
  readonly takesPhrasesOnly = true;
  readonly #options: RecognitionEngineOptions;
  readonly #parts: DecoderParts;
  readonly #idle: Decoder[] = [];
  readonly #open = new Set<EngineStream>();
  readonly #compiled = new Map<string, CompiledGrammar>();
  /** Streams with something to do, each once, in turn. */
  readonly #ready: EngineStream[] = [];
  /** Grammars still to be loaded ahead, one decoder at a time. */
  #preparing: { readonly grammar: CompiledGrammar; readonly decoder: Decoder }[] = [];
  #isPumping = false;
  #isClosed = false;

  constructor(options: RecognitionEngineOptions, parts: DecoderParts) {
    this.#options = options;
    this.#parts = parts;
    while (this.#idle.length < options.decoders) this.#idle.push(new Decoder(parts));
  }

  get leases(): Leases {
    const { decoders: total } = this.#options;
    return { inUse: total - this.#idle.length, total };
  }

  open(
    options: { readonly grammar: Grammar; readonly rateHz: number },
    listener: (event: RecognizerEvent) => void,
  ): RecognizerStream {
    const stream = new EngineStream(listener, {
      wake: (ready) => this.#wake(ready),
      ended: (ended) => this.#end(ended),
    });
    try {
      if (this.#isClosed) throw closed("RECOGNITION_UNAVAILABLE");
      const grammar = this.#compile(options.grammar);
      requireRate(options.rateHz);
      const decoder = this.#lease(grammar);
      this.#open.add(stream);
      this.#report();
      stream.begin(decoder, grammar, options.rateHz);
    } catch (error) {
      this.#options.scheduler.soon(() => stream.fail(error));
    }
    return stream;
  }

  isLeased(stream: RecognizerStream): boolean {
    return this.#open.has(stream as EngineStream);
  }

  prepare(grammars: readonly Grammar[]): void {
    for (const each of grammars) {
      const grammar = this.#compileOrSkip(each);
      if (grammar === undefined) continue;
      for (const decoder of this.#idle) this.#preparing.push({ grammar, decoder });
    }
    this.#pump();
  }

  close(): void {
    this.#isClosed = true;
    for (const stream of [...this.#open]) stream.fail(closed("RECOGNITION_LOST"));
    this.#preparing = [];
    for (const decoder of this.#idle.splice(0)) decoder.close();
  }

  #compileOrSkip(grammar: Grammar): CompiledGrammar | undefined {
    try {
      return this.#compile(grammar);
    } catch (error) {
      // Whoever opens a stream with it is told.
      if (error instanceof RecognitionError) return undefined;
      throw error;
    }
  }

  #compile(grammar: Grammar): CompiledGrammar {
    const key = grammarKey(grammar);
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const compiled = compileGrammar(grammar, this.#parts.sounds);
    if (this.#compiled.size >= compiledMax) {
      this.#compiled.delete(this.#compiled.keys().next().value!);
    }
    this.#compiled.set(key, compiled);
    for (const warning of compiled.warnings) this.#options.warn?.(warning);
    return compiled;
  }

  /** An idle decoder, rather one that has the grammar loaded. */
  #lease(grammar: CompiledGrammar): Decoder {
    const prepared = this.#idle.findIndex((decoder) => decoder.has(grammar));
    const [decoder] = this.#idle.splice(Math.max(0, prepared), 1);
    if (decoder !== undefined) return decoder;
    const { decoders } = this.#options;
    throw new RecognitionError(
      "RECOGNITION_BUSY",
      `all ${decoders} decoders are in use; try again when one is free`,
      { decoders },
    );
  }

  #wake(stream: EngineStream): void {
    if (!this.#ready.includes(stream)) this.#ready.push(stream);
    this.#pump();
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#options.scheduler.soon(() => {
      this.#isPumping = false;
      const stream = this.#ready.shift();
      if (stream !== undefined && stream.work()) this.#ready.push(stream);
      this.#prepareOne();
      if (this.#ready.length + this.#preparing.length > 0) this.#pump();
    });
  }

  #prepareOne(): void {
    const next = this.#preparing.shift();
    if (next === undefined || !this.#idle.includes(next.decoder)) return;
    try {
      next.decoder.load(next.grammar);
    } catch {
      // The decoder is sick: the next one in its place loads what it needs when it needs it.
      this.#replace(this.#idle.indexOf(next.decoder));
    }
  }

  #replace(index: number): void {
    const [decoder] = this.#idle.splice(index, 1);
    decoder?.close();
    this.#idle.push(new Decoder(this.#parts));
  }

  /** A lease is over; a decoder that failed is made anew. */
  #end({ stream, decoder, isBroken }: Ended): void {
    if (!this.#open.delete(stream)) return;
    if (isBroken) decoder.close();
    this.#idle.push(isBroken ? new Decoder(this.#parts) : decoder);
    this.#report();
  }

  #report(): void {
    this.#options.leasesChanged?.(this.leases);
  }
}

function closed(code: "RECOGNITION_LOST" | "RECOGNITION_UNAVAILABLE"): RecognitionError {
  return new RecognitionError(code, "the recogniser was closed");
}

function requireRate(rateHz: number): void {
  if (decoderRatesHz.includes(rateHz)) return;
  throw new RecognitionError(
    "RECOGNITION_REFUSED",
    `rate ${rateHz} Hz; the embedded recogniser takes ${decoderRatesHz.join(" or ")}`,
    { rateHz, ratesHz: decoderRatesHz },
  );
}
