/**
 * An analyzer behind HTTP: one POST of JSON for every turn, with its text and its audio, and the
 * newest partial in between. One request at a time of a call; what comes meanwhile waits, bounded.
 *
 * Request `{callId, language, rateHz, turnId, text, isFinal, isRejected?, confidence?, audio?}`,
 * `audio` as base64 of signed 16-bit little-endian; answer `{"labels": [{name, value, score}]}`.
 */
import type { Time } from "../../../base/ports.js";
import { JsonService, type JsonServiceOptions, type PostResult } from "../../vendors/json-post.js";
import type { AnalyzerStart } from "../analyzer.js";
import { readLabel } from "../label.js";
import type {
  AnalyzerInput,
  AnalyzerLine,
  AnalyzerSession,
  SessionEvent,
} from "./analyzer-line.js";

/** Audio of one turn: the rest of a longer one is left out. */
const audioMsMax = 15_000;
/** Silence before a turn is of no use. */
const audioLeadPieces = 3;
/** Turns that wait behind one that is slow. */
const waitingMax = 4;

type Text = Extract<AnalyzerInput, { kind: "partial" | "final" }>;
type Waiting = { readonly text: Text; readonly audio: string | undefined };

export class HttpAnalyzerLine implements AnalyzerLine {
  readonly #service: JsonService;

  constructor(options: JsonServiceOptions & { readonly time: Time }) {
    this.#service = new JsonService(options);
  }

  open(start: AnalyzerStart, listener: (event: SessionEvent) => void): AnalyzerSession {
    return new HttpSession(this.#service, start, listener);
  }

  close(): void {
    this.#service.close();
  }
}

class HttpSession implements AnalyzerSession {
  readonly #service: JsonService;
  readonly #start: AnalyzerStart;
  readonly #listener: (event: SessionEvent) => void;
  readonly #pieces: Int16Array[] = [];
  #samples = 0;
  #hasSpeech = false;
  readonly #waiting: Waiting[] = [];
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(service: JsonService, start: AnalyzerStart, listener: (event: SessionEvent) => void) {
    this.#service = service;
    this.#start = start;
    this.#listener = listener;
  }

  send(input: AnalyzerInput): boolean {
    if (input.kind === "audio") return this.#keep(input);
    if (input.kind === "partial") {
      // Only the newest counts, and only while nobody is asked.
      if (this.#cancel !== undefined || this.#waiting.length > 0) return true;
      this.#post({ text: input, audio: undefined });
      return true;
    }
    const audio = this.#takeAudio();
    if (this.#waiting.length >= waitingMax) return false;
    this.#waiting.push({ text: input, audio });
    this.#next();
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
    this.#cancel?.();
  }

  #keep({ samples, isSpeech }: Extract<AnalyzerInput, { kind: "audio" }>): boolean {
    this.#hasSpeech ||= isSpeech;
    const samplesMax = (this.#start.rateHz * audioMsMax) / 1000;
    if (this.#samples + samples.length > samplesMax) return false;
    this.#pieces.push(samples);
    this.#samples += samples.length;
    while (!this.#hasSpeech && this.#pieces.length > audioLeadPieces) {
      this.#samples -= this.#pieces.shift()?.length ?? 0;
    }
    return true;
  }

  #takeAudio(): string | undefined {
    const bytes = this.#pieces.map(({ buffer, byteOffset, byteLength }) =>
      Buffer.from(buffer, byteOffset, byteLength),
    );
    this.#pieces.length = 0;
    this.#samples = 0;
    this.#hasSpeech = false;
    return bytes.length === 0 ? undefined : Buffer.concat(bytes).toString("base64");
  }

  #next(): void {
    if (this.#cancel !== undefined) return;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) this.#post(waiting);
  }

  #post({ text: { kind, ...text }, audio }: Waiting): void {
    const isFinal = kind === "final";
    const { callId, language, rateHz } = this.#start;
    const document = {
      callId,
      language,
      rateHz,
      ...text,
      isFinal,
      ...(audio === undefined ? {} : { audio }),
    };
    const posted = this.#service.post("", document);
    this.#cancel = () => posted.cancel();
    void posted.answer.then((result) => {
      this.#cancel = undefined;
      if (this.#isClosed) return;
      this.#answered(result, text.turnId, isFinal);
      this.#next();
    });
  }

  #answered(result: PostResult, turnId: number, isFinal: boolean): void {
    if (!result.isOk) {
      const { kind, message } = result.failure;
      const code = kind === "REFUSED" ? "ANALYZER_VENDOR" : `ANALYZER_${kind}`;
      return this.#listener({ kind: "failed", code, message });
    }
    const { labels } = result.fields;
    if (!Array.isArray(labels)) {
      const message = 'the answer has no list "labels"';
      return this.#listener({ kind: "failed", code: "ANALYZER_PROTOCOL", message });
    }
    for (const given of labels) {
      const label = readLabel(given);
      if (label !== undefined) this.#listener({ kind: "label", label: { ...label, turnId } });
    }
    if (isFinal) this.#listener({ kind: "answered", turnId });
  }
}
