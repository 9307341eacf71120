/**
 * Vosk server. Every chunk of audio gets exactly one reply, so the reply to our end is the one
 * after all others. Its parser compares the end with a text that has a space on either side of the
 * colon, and takes every text with "config" in it for a configuration.
 *
 *     → {"config":{"sample_rate":8000,"words":true}}  → PCM …  → {"eof" : 1}
 *     ← {"partial":"one two"}   ← {"result":[{"word":…,"start":…,"end":…}],"text":"one two"}
 *
 * @see alphacep/vosk-server, websocket/asr_server.py; its issues 49 and 97
 */
import type { RecognitionVendorConfig } from "../../../config/schema.js";
import type { Grammar, WordTime } from "../recognizer.js";
import { spokenWords } from "./hot-words.js";
import { pcmBytes } from "./sample-bytes.js";
import type { SessionIo, Vendor, VendorRequest, VendorSession } from "./vendor.js";
import {
  asFields,
  listField,
  numberField,
  parseMessage,
  textField,
  vendorFailure,
  type Fields,
  type VendorFailure,
} from "./vendor-message.js";

const digitWords = "zero oh one two three four five six seven eight nine".split(" ");

export function vosk(config: RecognitionVendorConfig): Vendor {
  const target = { key: config.url, url: config.url, headers: {}, protocols: [] };
  return {
    ratesHz: config.ratesHz ?? [8000, 16_000],
    batchMs: 100,
    speedMax: config.replaySpeed ?? 4,
    burstMs: 1000,
    idleMsMax: 30_000,
    hasOneTarget: true,
    target: () => target,
    session: (request, io) => new Session(config.isGrammarClosed === true, request, io),
  };
}

const neither: VendorFailure = [
  "RECOGNITION_PROTOCOL",
  "the vendor sent a reply with neither partial nor text",
  {},
];

class Session implements VendorSession {
  readonly isReusable = false;
  readonly #isClosed: boolean;
  readonly #request: VendorRequest;
  readonly #io: SessionIo;
  /** Chunks that were not answered yet. */
  #unanswered = 0;
  #isFinished = false;

  constructor(isClosed: boolean, request: VendorRequest, io: SessionIo) {
    this.#isClosed = isClosed;
    this.#request = request;
    this.#io = io;
  }

  start(): void {
    const phrases = this.#isClosed ? phraseList(this.#request.grammar) : undefined;
    const config = {
      sample_rate: this.#request.rateHz,
      words: true,
      ...(phrases === undefined ? {} : { phrase_list: phrases }),
    };
    this.#io.send(JSON.stringify({ config }));
  }

  audio(samples: Int16Array): void {
    this.#unanswered += 1;
    this.#io.send(pcmBytes(samples));
  }

  finish(): void {
    this.#isFinished = true;
    this.#io.send('{"eof" : 1}');
  }

  receive(message: string | Uint8Array): void {
    const fields = parseMessage(message);
    const partial = textField(fields, "partial");
    const isEnd = this.#isFinished && this.#unanswered === 0;
    this.#unanswered = Math.max(0, this.#unanswered - 1);
    if (partial !== undefined) {
      if (partial !== "") this.#io.emit({ kind: "partial", text: partial });
      return;
    }
    const [best = fields] = listField(fields, "alternatives");
    const text = textField(best, "text");
    if (text === undefined) {
      return this.#io.fail(...(vendorFailure(fields) ?? neither));
    }
    const words = wordsOf(best);
    const end = words.at(-1)?.endMs;
    const times = words.length === 0 ? {} : { words, confidence: confidenceOf(words) };
    if (isEnd) this.#io.emit({ kind: "final", text, ...times });
    else if (text !== "") {
      const settled = end === undefined ? {} : { endMs: end };
      this.#io.emit({ kind: "committed", text, ...times, ...settled });
    }
  }

  closed(): boolean {
    return false;
  }
}

/** A closed grammar of the phrases; undefined where anything may be said. */
function phraseList({ phrases, digits }: Grammar): readonly string[] | undefined {
  if (phrases.length === 0 && digits === undefined) return undefined;
  const words = phrases.map(spokenWords).filter((phrase) => phrase !== "");
  return [...new Set([...words, ...(digits === undefined ? [] : digitWords), "[unk]"])];
}

function wordsOf(fields: Fields): WordTime[] {
  return listField(fields, "result").flatMap((item) => {
    const entry = asFields(item) ?? {};
    const text = textField(entry, "word");
    const [start, end] = [numberField(entry, "start"), numberField(entry, "end")];
    if (text === undefined || start === undefined || end === undefined) return [];
    const confidence = numberField(entry, "conf");
    return {
      text,
      startMs: Math.round(start * 1000),
      endMs: Math.round(end * 1000),
      ...(confidence === undefined ? {} : { confidence }),
    };
  });
}

function confidenceOf(words: readonly WordTime[]): number {
  return words.reduce((sum, word) => sum + (word.confidence ?? 1), 0) / words.length;
}
