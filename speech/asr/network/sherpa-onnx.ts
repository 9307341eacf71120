/**
 * sherpa-onnx streaming server. Audio goes as floats. A text belongs to a numbered segment; when
 * the number grows, the text before it was final, whether or not its server says so.
 *
 *     → float32 …  → Done
 *     ← {"text":"hello","segment":0,"is_final":false,…}  ← {"text":"","segment":1,…}  ← Done!
 *
 * The C++ server ends with a text that is no JSON, the Python server by closing; older builds do
 * not escape quotes.
 *
 * @see k2-fsa/sherpa-onnx, online-websocket-server-impl.cc and streaming_server.py
 */
import { heardLanguage } from "../../vendors/language.js";
import type { RecognitionVendorConfig } from "../../../config/schema.js";
import type { WordTime } from "../recognizer.js";
import { floatBytes } from "./sample-bytes.js";
import type { SessionIo, Vendor, VendorSession } from "./vendor.js";
import {
  numberField,
  parseMessage,
  textField,
  vendorFailure,
  type Fields,
} from "./vendor-message.js";

const endText = "Done!";
/** A token has a beginning only; the last one of a word is taken to last so long. */
const tokenMs = 100;

export function sherpaOnnx(config: RecognitionVendorConfig): Vendor {
  const target = { key: config.url, url: config.url, headers: {}, protocols: [] };
  return {
    ratesHz: config.ratesHz ?? [16_000],
    batchMs: 100,
    speedMax: config.replaySpeed ?? 4,
    burstMs: 1000,
    idleMsMax: 30_000,
    hasOneTarget: true,
    target: () => target,
    session: (_request, io) => new Session(io),
  };
}

type Segment = {
  readonly number: number;
  readonly text: string;
  readonly words: readonly WordTime[];
  /** Of models that tell, such as SenseVoice. */
  readonly language?: string | undefined;
};

class Session implements VendorSession {
  readonly isReusable = false;
  readonly #io: SessionIo;
  #segment: Segment = { number: 0, text: "", words: [] };
  #isFinished = false;

  constructor(io: SessionIo) {
    this.#io = io;
  }

  start(): void {
    // The first audio is the start.
  }

  audio(samples: Int16Array): void {
    this.#io.send(floatBytes(samples));
  }

  finish(): void {
    this.#isFinished = true;
    this.#io.send("Done");
  }

  receive(message: string | Uint8Array): void {
    if (message === endText) return void this.closed();
    const fields = fieldsOf(message);
    const text = textField(fields, "text");
    if (text === undefined) {
      const failure = vendorFailure(fields);
      if (failure !== undefined) this.#io.fail(...failure);
      return;
    }
    const number = numberField(fields, "segment") ?? this.#segment.number;
    if (number !== this.#segment.number) this.#commit(number);
    // Endpoint after endpoint comes with the same text until somebody speaks again.
    if (text !== "" && text !== this.#segment.text) this.#io.emit({ kind: "partial", text });
    const language = heardLanguage(fields["lang"]);
    this.#segment = { number, text, words: wordsOf(fields), language };
    if (this.#isFinished && fields["is_eof"] === true) return void this.closed();
    if (fields["is_final"] === true) this.#commit(number + 1);
  }

  closed(): boolean {
    const { text } = this.#segment;
    const times = extrasOf(this.#segment);
    if (this.#isFinished) this.#io.emit({ kind: "final", text, ...times });
    return this.#isFinished;
  }

  /** The text of the segment is final; the next text belongs to another. */
  #commit(nextNumber: number): void {
    const { text } = this.#segment;
    const times = extrasOf(this.#segment);
    this.#segment = { number: nextNumber, text: "", words: [] };
    if (text !== "") this.#io.emit({ kind: "committed", text, ...times });
  }
}

function extrasOf({ words, language }: Segment) {
  return {
    ...(words.length === 0 ? {} : { words }),
    ...(language === undefined ? {} : { language }),
  };
}

/** Also of a message whose text holds quotes that were not escaped. */
function fieldsOf(message: string | Uint8Array): Fields {
  try {
    return parseMessage(message);
  } catch (error) {
    const found = typeof message === "string" ? unescaped.exec(message) : null;
    if (found === null) throw error;
    const [, text = "", segment = "0"] = found;
    return { text, segment: Number(segment), is_final: /"is_final":\s*true/.test(String(message)) };
  }
}

const unescaped = /^\{\s*"text":\s*"(.*?)",\s*"\w+":.*"segment":\s*(\d+).*\}$/s;

/** From tokens and when they began; a token with a space before it, or of Han script, is a word. */
function wordsOf(fields: Fields): WordTime[] {
  const [tokens, times] = [fields["tokens"], fields["timestamps"]];
  if (!Array.isArray(tokens) || !Array.isArray(times)) return [];
  const startMs = (numberField(fields, "start_time") ?? 0) * 1000;
  const words: WordTime[] = [];
  tokens.forEach((token: unknown, index) => {
    const at = times[index] as unknown;
    if (typeof token !== "string" || typeof at !== "number") return;
    const tokenStartMs = Math.round(startMs + at * 1000);
    const endMs = tokenStartMs + tokenMs;
    const last = words.at(-1);
    const text = token.replace(/^[\s▁]+/, "");
    const isNew = last === undefined || text !== token || /^\p{Script=Han}/u.test(text);
    if (isNew) words.push({ text, startMs: tokenStartMs, endMs });
    else words[words.length - 1] = { ...last, text: last.text + text, endMs };
  });
  return words;
}
