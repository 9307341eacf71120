/**
 * One PocketSphinx decoder: grammars loaded once and then switched between, one utterance at a
 * time. Every call blocks the thread; the longest, a grammar that is not loaded yet, takes 5 ms.
 */
import { backgroundWords } from "./background-words.js";
import type { CompiledGrammar, Reading } from "./compiled-grammar.js";
import { backgroundPrefix } from "./fsg.js";
import type { ModelFiles, Pointer, PocketSphinx } from "./pocketsphinx.js";
import type { Pronunciations } from "./pronunciations.js";
import { RecognitionError } from "./recognizer.js";

/** A loaded grammar takes about 2 MB, mostly of background words. */
const grammarsMax = 16;

/**
 * Mean cepstra to begin an utterance with, by the rate the audio was sampled at. For 16 kHz the
 * model's own. Audio from 8 kHz has nothing above 4 kHz, which bends all coefficients; begun with
 * the other mean, two words of three are lost (measured).
 */
const meanByRateHz: Readonly<Record<number, readonly number[]>> = {
  16000: [41, -5.29, -0.12, 5.09, 2.48, -4.07, -1.37, -1.78, -5.08, -2.05, -6.45, -1.42, 1.17],
  8000: [40.2, 25.7, -31.3, 46.8, -11.1, -0.9, 18.4, -24.1, 15.4, -4.6, 1.5, 15.4, -11.8],
};

/** How much the mean above counts: 1 s of speech. It then follows the caller's voice and line. */
const meanFrames = 100;
/** How often the mean follows: every 100 ms at 16 kHz. */
const meanUpdateSamples = 1600;

/** Rates an utterance may have been sampled at; `process` always takes 16 kHz. */
export const decoderRatesHz: readonly number[] = [8000, 16000];

/** What decoders share. */
export type DecoderParts = {
  readonly library: PocketSphinx;
  readonly model: ModelFiles;
  readonly sounds: Pronunciations;
};

export class Decoder {
  readonly #parts: DecoderParts;
  readonly #words = new Set<string>();
  /** Keys of loaded grammars with the names of their searches, least recently used first. */
  readonly #searches = new Map<string, string>();
  #searchCount = 0;
  #pointer: Pointer;
  #grammar: CompiledGrammar | undefined;
  #samplesSinceUpdate = 0;

  /** @throws {RecognitionError} `RECOGNITION_BROKEN` when the model cannot be read */
  constructor(parts: DecoderParts) {
    this.#parts = parts;
    this.#pointer = parts.library.init([
      ...["-hmm", parts.model.acousticModel],
      ...["-samprate", "16000"],
      // The path through the lattice costs more than it improves in a graph this small.
      ...["-bestpath", "no"],
      // Background words are many and mostly hopeless: half the work, the same answers.
      ...["-maxhmmpf", "300"],
      // The default word beam prunes long prompts where there are twenty candidates: of 200 prompts
      // 6 were rejected with it, none with this one, at the same cost.
      ...["-wbeam", "1e-48"],
    ]);
    if (this.#pointer === null) throw broken("ps_init: the acoustic model can not be read");
    for (const word of backgroundWords) this.#learn(backgroundPrefix + word, word);
  }

  /** Whether `start` with this grammar costs nothing. */
  has(grammar: CompiledGrammar): boolean {
    return this.#searches.has(grammar.key);
  }

  /**
   * Loads a grammar ahead of `start`. Not during an utterance.
   *
   * @throws {RecognitionError} `RECOGNITION_BROKEN`
   */
  load(grammar: CompiledGrammar): string {
    const known = this.#searches.get(grammar.key);
    if (known !== undefined) {
      this.#searches.delete(grammar.key);
      this.#searches.set(grammar.key, known);
      return known;
    }
    this.#forgetOldest();
    for (const word of grammar.words) this.#learn(word, word);
    this.#searchCount += 1;
    const name = `grammar-${this.#searchCount}`;
    this.#require(this.#parts.library.setFsg(this.#pointer, name, grammar.fsg), "ps_set_fsg");
    this.#searches.set(grammar.key, name);
    return name;
  }

  /**
   * Begins an utterance, untouched by the one before.
   *
   * @param rateHz at which the audio was sampled, one of `decoderRatesHz`
   * @throws {RecognitionError} `RECOGNITION_BROKEN`
   */
  start(grammar: CompiledGrammar, rateHz: number): void {
    const { library } = this.#parts;
    this.#require(library.setSearch(this.#pointer, this.load(grammar)), "ps_set_search");
    library.setMean(this.#pointer, meanByRateHz[rateHz]!, meanFrames);
    this.#require(library.startStream(this.#pointer), "ps_start_stream");
    this.#require(library.startUtterance(this.#pointer), "ps_start_utt");
    this.#grammar = grammar;
    this.#samplesSinceUpdate = 0;
  }

  /**
   * Takes the next samples at 16 kHz.
   *
   * @throws {RecognitionError} `RECOGNITION_BROKEN`
   */
  process(samples: Int16Array): void {
    const { library } = this.#parts;
    this.#require(library.processRaw(this.#pointer, samples), "ps_process_raw");
    this.#samplesSinceUpdate += samples.length;
    if (this.#samplesSinceUpdate < meanUpdateSamples) return;
    this.#samplesSinceUpdate = 0;
    library.updateMean(this.#pointer);
  }

  /** What was heard until now, or in the whole utterance after `finish`. */
  read(): Reading {
    return this.#grammar!.read(this.#parts.library.hypothesis(this.#pointer) ?? undefined);
  }

  /**
   * Ends the utterance.
   *
   * @throws {RecognitionError} `RECOGNITION_BROKEN`
   */
  finish(): void {
    this.#require(this.#parts.library.endUtterance(this.#pointer), "ps_end_utt");
  }

  /** Frees everything; the decoder is then unusable. Twice does nothing. */
  close(): void {
    if (this.#pointer === null) return;
    this.#parts.library.free(this.#pointer);
    this.#pointer = null;
  }

  #learn(name: string, word: string): void {
    if (this.#words.has(name)) return;
    this.#words.add(name);
    this.#parts.sounds.of(word).forEach((phones, index) => {
      const entry = index === 0 ? name : `${name}(${index + 1})`;
      this.#require(this.#parts.library.addWord(this.#pointer, entry, phones), "ps_add_word");
    });
  }

  #forgetOldest(): void {
    if (this.#searches.size < grammarsMax) return;
    const [key, name] = this.#searches.entries().next().value!;
    this.#searches.delete(key);
    this.#require(this.#parts.library.unsetSearch(this.#pointer, name), "ps_unset_search");
  }

  #require(result: number, call: string): void {
    if (result < 0) throw broken(`${call} returned ${result}`);
  }
}

function broken(message: string): RecognitionError {
  return new RecognitionError("RECOGNITION_BROKEN", message);
}
