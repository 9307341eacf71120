/**
 * Deepgram live. A result that is final covers its stretch of audio exactly, so after a cut only
 * what lies behind it is sent again. Telephone audio goes as mu-law, half the bytes.
 *
 *     → audio …  → {"type":"Finalize"}{"type":"CloseStream"}
 *     ← {"type":"Results","is_final":false,…}  ← {"type":"Results","is_final":true,…}  ← Metadata
 *
 * @see developers.deepgram.com: live audio, endpointing, finalize, keep alive, keyterm
 */
import { heardLanguage } from "../../vendors/language.js";
import type { RecognitionVendorConfig } from "../../../config/schema.js";
import type { WordTime } from "../recognizer.js";
import { hotWords } from "./hot-words.js";
import { mulawBytes, pcmBytes } from "./sample-bytes.js";
import type { SessionIo, Target, Vendor, VendorRequest, VendorSession } from "./vendor.js";
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

const defaultModel = "nova-3";
/** Ten seconds without a message end a connection. */
const keepAliveMs = 4000;
/** How much a keyword of the older models is preferred. */
const keywordBoost = 2;

export function deepgram(config: RecognitionVendorConfig): Vendor {
  return {
    ratesHz: config.ratesHz ?? [8000, 16_000],
    batchMs: 100,
    speedMax: config.replaySpeed ?? 1.25,
    burstMs: 1000,
    idleMsMax: 60_000,
    keepAlive: { everyMs: keepAliveMs, message: '{"type":"KeepAlive"}' },
    hasOneTarget: false,
    target: (request) => targetOf(config, request),
    session: (request, io) => new Session(request, io),
  };
}

function targetOf(config: RecognitionVendorConfig, { grammar, rateHz }: VendorRequest): Target {
  const url = new URL(config.url);
  const model = config.model ?? defaultModel;
  const settings = {
    model,
    language: config.language ?? grammar.language,
    encoding: rateHz === 8000 ? "mulaw" : "linear16",
    sample_rate: String(rateHz),
    channels: "1",
    interim_results: "true",
    endpointing: "300",
    smart_format: "true",
  };
  for (const [name, value] of Object.entries(settings)) url.searchParams.set(name, value);
  // Either with the wrong model is answered with 400.
  const isKeyterm = model.startsWith("nova-3") || model.startsWith("flux");
  for (const word of hotWords(grammar, config.hotWords)) {
    if (isKeyterm) url.searchParams.append("keyterm", word);
    else url.searchParams.append("keywords", `${word}:${keywordBoost}`);
  }
  const headers: Record<string, string> =
    config.key === undefined ? {} : { authorization: `Token ${config.key}` };
  // With the contact's words in it, nobody else has the same.
  const isSingular = grammar.hotWords !== undefined;
  return { key: url.href, url: url.href, headers, protocols: [], isSingular };
}

const anyError: VendorFailure = ["RECOGNITION_VENDOR", "the vendor reports an error", {}];

class Session implements VendorSession {
  readonly isReusable = false;
  readonly #rateHz: number;
  readonly #io: SessionIo;
  #open = "";
  #isFinished = false;

  constructor({ rateHz }: VendorRequest, io: SessionIo) {
    this.#rateHz = rateHz;
    this.#io = io;
  }

  start(): void {
    // All is said in the URL.
  }

  audio(samples: Int16Array): void {
    // An empty binary message would end the stream.
    if (samples.length === 0) return;
    this.#io.send(this.#rateHz === 8000 ? mulawBytes(samples) : pcmBytes(samples));
  }

  finish(): void {
    this.#isFinished = true;
    this.#io.send('{"type":"Finalize"}');
    this.#io.send('{"type":"CloseStream"}');
  }

  receive(message: string | Uint8Array): void {
    const fields = parseMessage(message);
    switch (fields["type"]) {
      case "Results":
        return this.#results(fields);
      case "Metadata":
        return void this.closed();
      case "Error":
        return this.#io.fail(...(vendorFailure({ error: fields }) ?? anyError));
      default: {
        // SpeechStarted, UtteranceEnd and what may come: our own detector ends turns.
        const failure = vendorFailure(fields);
        if (failure !== undefined) this.#io.fail(...failure);
      }
    }
  }

  closed(): boolean {
    if (this.#isFinished) this.#io.emit({ kind: "final", text: this.#open });
    return this.#isFinished;
  }

  #results(fields: Fields): void {
    const channel = asFields(fields["channel"]) ?? {};
    const [best = {}] = listField(channel, "alternatives");
    const text = textField(best, "transcript") ?? "";
    if (fields["is_final"] !== true) {
      if (text !== "") this.#io.emit({ kind: "partial", text });
      this.#open = text;
      return;
    }
    this.#open = "";
    const sentence = { text, ...wordsOf(best), ...confidenceOf(best, text), ...languageOf(best) };
    const isEnd = this.#isFinished && fields["from_finalize"] === true;
    if (isEnd) return this.#io.emit({ kind: "final", ...sentence });
    const endMs = endOf(fields);
    this.#io.emit({ kind: "committed", ...sentence, ...(endMs === undefined ? {} : { endMs }) });
  }
}

function endOf(fields: Fields): number | undefined {
  const start = numberField(fields, "start");
  const duration = numberField(fields, "duration");
  return start === undefined || duration === undefined
    ? undefined
    : Math.round((start + duration) * 1000);
}

function confidenceOf(best: Fields, text: string): { confidence?: number } {
  const confidence = numberField(best, "confidence");
  return confidence === undefined || text === "" ? {} : { confidence };
}

/** With the language `multi`: those of the sentence, the most frequent first. */
function languageOf(best: Fields): { language?: string } {
  const languages = best["languages"];
  const language = heardLanguage(Array.isArray(languages) ? languages[0] : undefined);
  return language === undefined ? {} : { language };
}

function wordsOf(best: Fields): { words?: readonly WordTime[] } {
  const words = listField(best, "words").flatMap((entry): WordTime[] => {
    const text = textField(entry, "punctuated_word") ?? textField(entry, "word");
    const [start, end] = [numberField(entry, "start"), numberField(entry, "end")];
    if (text === undefined || start === undefined || end === undefined) return [];
    const confidence = numberField(entry, "confidence");
    return [
      {
        text,
        startMs: Math.round(start * 1000),
        endMs: Math.round(end * 1000),
        ...(confidence === undefined ? {} : { confidence }),
      },
    ];
  });
  return words.length === 0 ? {} : { words };
}
