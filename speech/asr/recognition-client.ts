/**
 * The Recognizer port over the sockets of the recognition processes. A stream goes to the process
 * with the fewest of our streams, and on to the next one when that is busy; the audio that was
 * written until then goes with it.
 */
import type { ErrorData } from "../../base/errors.js";
import type { Scheduler, Timer } from "../../base/ports.js";
import { grammarKey } from "./compiled-grammar.js";
import { decoderRatesHz } from "./decoder.js";
import { RecognitionLink, type LinkedStream } from "./recognition-link.js";
import {
  failureData,
  RecognitionError,
  type Grammar,
  type GrammarWarning,
  type RecognitionCode,
  type Recognizer,
  type RecognizerEvent,
  type RecognizerStream,
} from "./recognizer.js";

export type RecognitionClientOptions = {
  /** Sockets of the processes, as `RecognitionPool.sockets` names them. */
  readonly sockets: readonly string[];
  readonly scheduler: Scheduler;
  /** Told about phrases that cannot be listened for, once each. */
  readonly warn?: (warning: GrammarWarning) => void;
};

export interface RecognitionClient extends Recognizer {
  /** Has grammars loaded before they are needed; also by processes that are started later. */
  prepare(grammars: readonly Grammar[]): void;
  /** Resolves once all processes can be reached. */
  ready(): Promise<void>;
  /** Fails what is open with `RECOGNITION_LOST`. */
  close(): void;
}

/** A final comes within milliseconds; a process that needs this long hangs. */
const finalMsMax = 5000;
/** Audio kept until a stream has its decoder: 2 s at 16 kHz. */
const heldSamplesMax = 2 * 16_000;
/** Grammars remembered for processes that are started later. */
const preparedMax = 256;

/** Connects at once and for as long as it is not closed; what fails is tried again. */
export function createRecognitionClient(options: RecognitionClientOptions): RecognitionClient {
  return new Client(options);
}

class Client implements RecognitionClient {
  readonly ratesHz = decoderRatesHz;
  readonly takesPhrasesOnly = true;
  readonly #scheduler: Scheduler;
  readonly #links: readonly RecognitionLink[];
  readonly #prepared = new Map<string, Grammar>();
  readonly #warned = new Set<string>();
  #waiting: (() => void)[] = [];

  constructor({ sockets, scheduler, warn }: RecognitionClientOptions) {
    this.#scheduler = scheduler;
    const warnOnce = (warning: GrammarWarning): void => {
      if (this.#warned.has(warning.phrase) || this.#warned.size >= preparedMax) return;
      this.#warned.add(warning.phrase);
      warn?.(warning);
    };
    const connected = (link: RecognitionLink): void => this.#connected(link);
    this.#links = sockets.map(
      (socketPath) => new RecognitionLink({ socketPath, scheduler, warn: warnOnce, connected }),
    );
  }

  open(
    options: { readonly grammar: Grammar; readonly rateHz: number },
    listener: (event: RecognizerEvent) => void,
  ): RecognizerStream {
    return new ClientStream({
      request: options,
      listener,
      scheduler: this.#scheduler,
      links: this.#links,
    });
  }

  prepare(grammars: readonly Grammar[]): void {
    for (const grammar of grammars) {
      if (this.#prepared.size < preparedMax) this.#prepared.set(grammarKey(grammar), grammar);
    }
    for (const link of this.#links) link.prepare(grammars);
  }

  ready(): Promise<void> {
    if (this.#links.every((link) => link.isUp)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(): void {
    for (const link of this.#links) link.close();
  }

  #connected(link: RecognitionLink): void {
    if (this.#prepared.size > 0) link.prepare([...this.#prepared.values()]);
    if (!this.#links.every((each) => each.isUp)) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

type StreamParts = {
  readonly request: { readonly grammar: Grammar; readonly rateHz: number };
  readonly listener: (event: RecognizerEvent) => void;
  readonly scheduler: Scheduler;
  readonly links: readonly RecognitionLink[];
};

class ClientStream implements RecognizerStream, LinkedStream {
  readonly #parts: StreamParts;
  readonly #tried = new Set<RecognitionLink>();
  #link: RecognitionLink | undefined;
  #id = 0;
  /** Audio until a decoder is found; afterwards nothing is kept. */
  #held: Int16Array[] | undefined = [];
  #heldSamples = 0;
  #isFinished = false;
  #isOver = false;
  #deadline: Timer | undefined;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    let error = failure("RECOGNITION_UNAVAILABLE", "no recognition process can be reached");
    try {
      if (this.#tryNext()) return;
    } catch (thrown) {
      error = failureData(thrown);
      this.#link = undefined;
    }
    parts.scheduler.soon(() => this.#end({ kind: "failed", error }));
  }

  write(samples: Int16Array): void {
    if (this.#isOver || this.#isFinished || this.#link === undefined) return;
    if (this.#held !== undefined) this.#hold(this.#held, samples);
    this.#writeTo(this.#link, samples);
  }

  finish(): void {
    if (this.#isOver || this.#isFinished) return;
    this.#isFinished = true;
    this.#link?.finish(this.#id);
    this.#deadline = this.#parts.scheduler.after(finalMsMax, () => {
      // All its streams wait in the same line, so they are lost together.
      this.#link?.reset();
    });
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deadline?.cancel();
    this.#link?.cancel(this.#id);
  }

  opened(): void {
    this.#held = undefined;
  }

  received(event: RecognizerEvent): void {
    if (this.#isOver) return;
    const isBusy = event.kind === "failed" && event.error.code === "RECOGNITION_BUSY";
    if (isBusy && this.#held !== undefined && this.#tryNext()) return;
    if (event.kind === "partial") this.#parts.listener(event);
    else this.#end(event);
  }

  /** Asks the process with the fewest of our streams that was not asked yet. */
  #tryNext(): boolean {
    const [link] = this.#parts.links
      .filter((each) => each.isUp && !this.#tried.has(each))
      .sort((a, b) => a.streamCount - b.streamCount);
    if (link === undefined) return false;
    this.#tried.add(link);
    this.#link = link;
    this.#id = link.open(this.#parts.request, this);
    for (const samples of this.#held ?? []) this.#writeTo(link, samples);
    if (this.#isFinished) link.finish(this.#id);
    return true;
  }

  #hold(held: Int16Array[], samples: Int16Array): void {
    this.#heldSamples += samples.length;
    if (this.#heldSamples <= heldSamplesMax) held.push(samples.slice());
    // The decoder is waited for too long to start over elsewhere.
    else this.#held = undefined;
  }

  #writeTo(link: RecognitionLink, samples: Int16Array): void {
    if (link.write(this.#id, samples)) return;
    link.cancel(this.#id);
    const message = "the recognition process does not take the audio fast enough";
    this.#end({ kind: "failed", error: failure("RECOGNITION_OVERLOADED", message) });
  }

  #end(event: RecognizerEvent): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deadline?.cancel();
    this.#parts.listener(event);
  }
}

function failure(code: RecognitionCode, message: string): ErrorData {
  return failureData(new RecognitionError(code, message));
}
