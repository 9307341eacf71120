/**
 * Baidu real-time recognition. 16 kHz only, and no faster than speech: what comes in a burst fails.
 * An error in a sentence is that sentence's; the session goes on.
 *
 *     → {"type":"START","data":{…}}  → PCM of 160 ms …  → {"type":"FINISH"}
 *     ← {"type":"MID_TEXT","result":…}  ← {"type":"FIN_TEXT","result":…,"end_time":…}   closes
 *
 * @see Baidu-AIP/speech_realtime_api; cloud.baidu.com/doc/SPEECH/s/jlbxejt2i
 */
import { randomUUID } from "node:crypto";
import type { RecognitionVendorConfig } from "../../../config/schema.js";
import type { RecognitionCode } from "../recognizer.js";
import { pcmBytes } from "./sample-bytes.js";
import type { SessionIo, Vendor, VendorRequest, VendorSession } from "./vendor.js";
import { numberField, parseMessage, textField, type Fields } from "./vendor-message.js";

/** Models with punctuation: Mandarin and English. */
const devPids = { zh: 15_372, en: 17_372 } as const;
/** No speech, or too poor to be understood. */
const unheard = new Set([-3005, -3006]);

export function baidu(config: RecognitionVendorConfig): Vendor {
  return {
    ratesHz: [16_000],
    batchMs: 160,
    speedMax: config.replaySpeed ?? 1,
    // What is heard of a turn before it is known to be one comes at once.
    burstMs: 800,
    // Five seconds without audio end a session.
    idleMsMax: 0,
    hasOneTarget: false,
    target() {
      const url = new URL(config.url);
      url.searchParams.set("sn", randomUUID());
      return { key: config.url, url: url.href, headers: {}, protocols: [] };
    },
    session: (request, io) => new Session(config, request, io),
  };
}

class Session implements VendorSession {
  readonly isReusable = false;
  readonly #config: RecognitionVendorConfig;
  readonly #request: VendorRequest;
  readonly #io: SessionIo;
  #open = "";
  #isFinished = false;

  constructor(config: RecognitionVendorConfig, request: VendorRequest, io: SessionIo) {
    this.#config = config;
    this.#request = request;
    this.#io = io;
  }

  start(): void {
    const { appId, key, devPid, lmId, language } = this.#config;
    const isEnglish = (language ?? this.#request.grammar.language).startsWith("en");
    const data = {
      appid: appId,
      appkey: key,
      dev_pid: devPid ?? (isEnglish ? devPids.en : devPids.zh),
      ...(lmId === undefined ? {} : { lm_id: lmId }),
      cuid: "voxtree",
      sample: 16_000,
      format: "pcm",
    };
    this.#io.send(JSON.stringify({ type: "START", data }));
  }

  audio(samples: Int16Array): void {
    this.#io.send(pcmBytes(samples));
  }

  finish(): void {
    this.#isFinished = true;
    this.#io.send('{"type":"FINISH"}');
  }

  cancel(): void {
    this.#io.send('{"type":"CANCEL"}');
  }

  receive(message: string | Uint8Array): void {
    const fields = parseMessage(message);
    const errorNumber = numberField(fields, "err_no") ?? 0;
    if (errorNumber !== 0 && !unheard.has(errorNumber)) return this.#failed(fields, errorNumber);
    const text = errorNumber === 0 ? (textField(fields, "result") ?? "") : "";
    switch (fields["type"]) {
      case "MID_TEXT":
        this.#open = text;
        if (text !== "") this.#io.emit({ kind: "partial", text });
        return;
      case "FIN_TEXT": {
        this.#open = "";
        const endMs = numberField(fields, "end_time");
        if (text === "") return;
        this.#io.emit({ kind: "committed", text, ...(endMs === undefined ? {} : { endMs }) });
      }
      // HEARTBEAT and START that went well: nothing to do.
    }
  }

  closed(): boolean {
    if (this.#isFinished) this.#io.emit({ kind: "final", text: this.#open });
    return this.#isFinished;
  }

  #failed(fields: Fields, errorNumber: number): void {
    const said = textField(fields, "err_msg") ?? "no reason";
    const message = `the vendor reports ${errorNumber}: ${said.slice(0, 200)}`;
    this.#io.fail(codeOf(errorNumber), message, { vendorCode: errorNumber });
  }
}

function codeOf(errorNumber: number): RecognitionCode {
  if (errorNumber === 3304 || errorNumber === 3305) return "RECOGNITION_QUOTA";
  return errorNumber === 3302 || errorNumber === -3004
    ? "RECOGNITION_DENIED"
    : "RECOGNITION_VENDOR";
}
