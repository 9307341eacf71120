/**
 * JSON over WebSocket, the simplest protocol there is: base64 audio in, `{"text": …}` out. What it
 * leaves open are settings here: whether a message says that its text is final, and whether there
 * is a message that ends an utterance. With both, a connection serves one utterance after the
 * other; without, each has its own, and the last text is final once the server is quiet.
 *
 *     → {"format":"pcm","rate":8000,"data":"<base64>"}      about 100 ms each
 *     ← {"text":"I would like to"}                          replaces the text before it
 */
import { heardLanguage } from "../../vendors/language.js";
import type { RecognitionVendorConfig } from "../../../config/schema.js";
import type { Vendor, VendorRequest, SessionIo, VendorSession, Target } from "./vendor.js";
import { pcmBytes } from "./sample-bytes.js";
import { parseMessage, textField, vendorFailure } from "./vendor-message.js";

export type WebsocketJsonSettings = Pick<
  RecognitionVendorConfig,
  "url" | "key" | "ratesHz" | "endMessage" | "finalField" | "replaySpeed"
>;

/** After our last audio, and after its last text, a server that is done is quiet. */
const quietMs = 300;

export function websocketJson(settings: WebsocketJsonSettings): Vendor {
  const headers: Record<string, string> =
    settings.key === undefined ? {} : { authorization: `Bearer ${settings.key}` };
  const target: Target = { key: settings.url, url: settings.url, headers, protocols: [] };
  return {
    ratesHz: settings.ratesHz ?? [8000, 16_000],
    batchMs: 100,
    speedMax: settings.replaySpeed ?? 1,
    burstMs: 1000,
    idleMsMax: 30_000,
    hasOneTarget: true,
    target: () => target,
    session: (request, io) => new Session(settings, request, io),
  };
}

const suffix = Buffer.from('"}');
const prefixes = new Map<number, Buffer>();

function prefixOf(rateHz: number): Buffer {
  const known = prefixes.get(rateHz) ?? Buffer.from(`{"format":"pcm","rate":${rateHz},"data":"`);
  prefixes.set(rateHz, known);
  return known;
}

class Session implements VendorSession {
  readonly #settings: WebsocketJsonSettings;
  readonly #io: SessionIo;
  readonly #prefix: Buffer;
  #text = "";
  #language: string | undefined;
  #isFinished = false;
  #hasFinal = false;
  #quiet: { cancel(): void } | undefined;

  constructor(settings: WebsocketJsonSettings, request: VendorRequest, io: SessionIo) {
    this.#settings = settings;
    this.#io = io;
    this.#prefix = prefixOf(request.rateHz);
  }

  get isReusable(): boolean {
    return this.#settings.endMessage !== undefined && this.#hasFinal;
  }

  start(): void {
    // The first message carries audio already.
  }

  audio(samples: Int16Array): void {
    this.#io.sendBase64(this.#prefix, pcmBytes(samples), suffix);
  }

  finish(): void {
    this.#isFinished = true;
    const { endMessage } = this.#settings;
    if (endMessage !== undefined) this.#io.send(endMessage);
    this.#waitForQuiet();
  }

  receive(message: string | Uint8Array): void {
    const fields = parseMessage(message);
    const text = textField(fields, "text");
    if (text === undefined) {
      const failure = vendorFailure(fields);
      // Anything else is small talk: greetings, acknowledgements, keep-alives.
      if (failure !== undefined) this.#io.fail(...failure);
      return;
    }
    this.#language = heardLanguage(fields["language"] ?? fields["lang"]) ?? this.#language;
    if (this.#isFinal(fields)) return this.#takeFinal(text);
    if (text !== "" && text !== this.#text) {
      this.#text = text;
      this.#io.emit({ kind: "partial", text });
    }
    if (this.#isFinished) this.#waitForQuiet();
  }

  closed(): boolean {
    if (this.#isFinished) this.#io.emit({ kind: "final", text: this.#text, ...this.#heardIn() });
    return this.#isFinished;
  }

  /** A server without words for "nothing was said" says nothing then. */
  overdue(): boolean {
    if (this.#settings.endMessage !== undefined) return false;
    this.#io.emit({ kind: "final", text: this.#text, ...this.#heardIn() });
    return true;
  }

  #isFinal(fields: Readonly<Record<string, unknown>>): boolean {
    const { finalField } = this.#settings;
    if (finalField !== undefined) {
      const value = fields[finalField];
      return value === true || value === "final";
    }
    return fields["is_final"] === true || fields["final"] === true || fields["type"] === "final";
  }

  /** The server's own end of a sentence; after our end it is the last one. */
  #takeFinal(text: string): void {
    this.#text = "";
    this.#hasFinal = this.#isFinished;
    if (this.#isFinished) this.#io.emit({ kind: "final", text, ...this.#heardIn() });
    else if (text !== "") this.#io.emit({ kind: "committed", text, ...this.#heardIn() });
  }

  #heardIn(): { language?: string } {
    return this.#language === undefined ? {} : { language: this.#language };
  }

  #waitForQuiet(): void {
    const { endMessage, finalField } = this.#settings;
    this.#quiet?.cancel();
    if (this.#text === "" || (endMessage !== undefined && finalField !== undefined)) return;
    this.#quiet = this.#io.after(quietMs, () => {
      this.#io.emit({ kind: "final", text: this.#text, ...this.#heardIn() });
    });
  }
}
