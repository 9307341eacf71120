/**
 * FunASR runtime in 2-pass mode. The first pass gives pieces that add up, the second replaces them
 * by a whole sentence. What `is_final` means differs between its servers, so a sentence is known
 * by its mode, and the end by a flag that is not what it was before.
 *
 *     → {"mode":"2pass","audio_fs":8000,"is_speaking":true,…}  → PCM …  → {"is_speaking":false}
 *     ← {"mode":"2pass-online","text":"我想"}  ← {"mode":"2pass-offline","text":"我想查账单。"}
 *
 * @see modelscope/FunASR, runtime/docs/websocket_protocol.md
 */
import { heardLanguage } from "../../vendors/language.js";
import type { RecognitionVendorConfig } from "../../../config/schema.js";
import type { WordTime } from "../recognizer.js";
import { hotWords } from "./hot-words.js";
import { joinTexts } from "./joined-text.js";
import { pcmBytes } from "./sample-bytes.js";
import type { SessionIo, Vendor, VendorRequest, VendorSession } from "./vendor.js";
import {
  listField,
  parseMessage,
  textField,
  vendorFailure,
  type Fields,
} from "./vendor-message.js";

/** How much a hot word is preferred; the servers' own example. */
const hotWordWeight = 20;
/** After the last sentence a server that does not say so is quiet. */
const quietMs = 300;

export function funasr(config: RecognitionVendorConfig): Vendor {
  const target = { key: config.url, url: config.url, headers: {}, protocols: [] };
  return {
    // The Python server takes 16 kHz only, and does not say so.
    ratesHz: config.ratesHz ?? [8000, 16_000],
    batchMs: 60,
    speedMax: config.replaySpeed ?? 4,
    burstMs: 1000,
    idleMsMax: 30_000,
    hasOneTarget: true,
    target: () => target,
    session: (request, io) => new Session(config.hotWords ?? [], request, io),
  };
}

class Session implements VendorSession {
  readonly isReusable = false;
  readonly #standing: readonly string[];
  readonly #request: VendorRequest;
  readonly #io: SessionIo;
  #pieces = "";
  #isFinished = false;
  /** `is_final` as it was while we spoke. */
  #flagBefore = false;

  constructor(standing: readonly string[], request: VendorRequest, io: SessionIo) {
    this.#standing = standing;
    this.#request = request;
    this.#io = io;
  }

  start(): void {
    const words = hotWords(this.#request.grammar, this.#standing);
    // The weights are JSON inside of JSON; the Python server wants words with spaces between.
    const weights = Object.fromEntries(words.map((word) => [word, hotWordWeight]));
    const hot =
      words.length === 0 ? {} : { hotwords: JSON.stringify(weights), hotword: words.join(" ") };
    this.#io.send(
      JSON.stringify({
        mode: "2pass",
        wav_name: "call",
        wav_format: "pcm",
        audio_fs: this.#request.rateHz,
        is_speaking: true,
        chunk_size: [5, 10, 5],
        chunk_interval: 10,
        itn: true,
        ...hot,
      }),
    );
  }

  audio(samples: Int16Array): void {
    this.#io.send(pcmBytes(samples));
  }

  finish(): void {
    this.#isFinished = true;
    this.#io.send('{"is_speaking":false}');
  }

  receive(message: string | Uint8Array): void {
    const fields = parseMessage(message);
    const { text, language } = withoutTags(textField(fields, "text"));
    const mode = textField(fields, "mode");
    if (text?.startsWith("ERROR") === true) {
      return this.#io.fail("RECOGNITION_VENDOR", `the vendor reports: ${text.slice(0, 200)}`);
    }
    if (text === undefined || mode === undefined) {
      const failure = vendorFailure(fields);
      if (failure !== undefined) this.#io.fail(...failure);
      return;
    }
    if (mode === "2pass-online") this.#addPiece(text);
    else this.#sentence(fields, text, language);
    if (!this.#isFinished) this.#flagBefore = fields["is_final"] === true;
  }

  closed(): boolean {
    return false;
  }

  #addPiece(text: string): void {
    if (text === "") return;
    this.#pieces = joinTexts(this.#pieces, text);
    this.#io.emit({ kind: "partial", text: this.#pieces });
  }

  #sentence(fields: Fields, text: string, heardIn: string | undefined): void {
    this.#pieces = "";
    const words = wordsOf(fields);
    const language = heardIn === undefined ? {} : { language: heardIn };
    const times = { ...(words.length === 0 ? {} : { words }), ...language };
    const isEnd = this.#isFinished && (fields["is_final"] === true) !== this.#flagBefore;
    if (isEnd) return this.#io.emit({ kind: "final", text, ...times });
    if (text !== "") this.#io.emit({ kind: "committed", text, ...times });
    if (!this.#isFinished) return;
    this.#io.after(quietMs, () => this.#io.emit({ kind: "final", text: this.#pieces }));
  }
}

/** SenseVoice writes before a text what it is: `<|zh|><|NEUTRAL|><|Speech|><|woitn|>`. */
function withoutTags(text: string | undefined): { text: string | undefined; language?: string } {
  const tags = text?.match(/<\|[^|]*\|>/g) ?? undefined;
  if (text === undefined || tags === undefined) return { text };
  const language = heardLanguage(tags[0]);
  const plain = text.replaceAll(/<\|[^|]*\|>/g, "").trim();
  return { text: plain, ...(language === undefined ? {} : { language }) };
}

/** Of `stamp_sents`, where the words of a sentence stand beside their times. */
function wordsOf(fields: Fields): WordTime[] {
  return listField(fields, "stamp_sents").flatMap((sentence) => {
    const words = (textField(sentence, "text_seg") ?? "").split(/\s+/).filter(Boolean);
    const times = sentence["ts_list"];
    if (!Array.isArray(times) || times.length !== words.length) return [];
    return words.flatMap((text, index) => {
      const [startMs, endMs] = Array.isArray(times[index]) ? (times[index] as unknown[]) : [];
      return typeof startMs === "number" && typeof endMs === "number"
        ? [{ text, startMs, endMs }]
        : [];
    });
  });
}
