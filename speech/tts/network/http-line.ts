/**
 * A voice behind HTTP: connections are kept and used again, an answer is spoken while it comes,
 * and a cancelled one is cut off at once.
 */
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Time } from "../../../base/ports.js";
import type { VoiceVendorConfig } from "../../../config/schema.js";
import { failureData, type SynthesisError, type SynthesisCode } from "../synthesizer.js";
import { startExchange } from "./http-exchange.js";
import { failureOf, isTextBody } from "./http-failure.js";
import { TokenKeeper } from "./token-keeper.js";
import type { AudioDecoder, HttpVoice, PieceSink, VoiceLine, VoicePiece } from "./voice-line.js";

/** More connections than this need not wait for the next sentence. */
const freeSocketsMax = 8;
/** An error longer than this is a page of somebody's proxy. */
const errorBytesMax = 16 * 1024;

export type HttpLineOptions = {
  readonly config: Pick<VoiceVendorConfig, "url" | "connectMsMax" | "streamsMax">;
  /** Certificates to trust instead of the system's, PEM. */
  readonly ca?: string | undefined;
  readonly time: Time;
};

export class HttpLine implements VoiceLine {
  readonly takesSsml: boolean;
  readonly #voice: HttpVoice;
  readonly #options: HttpLineOptions;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #tokens: TokenKeeper | undefined;

  constructor(voice: HttpVoice, options: HttpLineOptions) {
    const { config, ca } = options;
    const kept = { keepAlive: true, maxFreeSockets: freeSocketsMax, scheduling: "lifo" } as const;
    const isSecure = config.url?.startsWith("https:") === true;
    this.takesSsml = voice.takesSsml;
    this.#voice = voice;
    this.#options = options;
    this.#agent = isSecure
      ? new HttpsAgent({ ...kept, ...(ca === undefined ? {} : { ca }) })
      : new HttpAgent(kept);
    const { time } = options;
    const { connectMsMax } = config;
    if (voice.token !== undefined) {
      this.#tokens = new TokenKeeper({ ...voice.token, agent: this.#agent, time, connectMsMax });
    }
  }

  speak(piece: VoicePiece, sink: PieceSink): { cancel(): void } {
    const answer = new Answer(this.#voice, sink, () => this.#tokens?.forget());
    const { time, config } = this.#options;
    let abort = (): void => undefined;
    let isCancelled = false;
    const send = (token: string): void => {
      if (isCancelled) return;
      const request = this.#voice.request(piece, token);
      const { connectMsMax } = config;
      abort = startExchange({ request, agent: this.#agent, time, connectMsMax }, answer);
      answer.abort = abort;
    };
    if (this.#tokens === undefined) time.soon(() => send(""));
    else this.#tokens.take().then(send, (error: unknown) => fail(sink, error));
    return {
      cancel() {
        isCancelled = true;
        abort();
      },
    };
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The answer to one request: audio, or what went wrong. */
class Answer {
  abort = (): void => undefined;
  readonly #voice: HttpVoice;
  readonly #sink: PieceSink;
  readonly #denied: () => void;
  #decoder: AudioDecoder | undefined;
  #status = 0;
  #error: Uint8Array[] = [];
  #errorBytes = 0;

  constructor(voice: HttpVoice, sink: PieceSink, denied: () => void) {
    this.#voice = voice;
    this.#sink = sink;
    this.#denied = denied;
  }

  head(status: number, contentType: string): void {
    this.#status = status;
    if (status < 200 || status >= 300 || isTextBody(contentType)) return;
    this.#guard(() => (this.#decoder = this.#voice.decoder(contentType)));
  }

  data(bytes: Uint8Array): void {
    const decoder = this.#decoder;
    if (decoder === undefined) {
      this.#errorBytes += bytes.length;
      if (this.#errorBytes <= errorBytesMax) this.#error.push(bytes);
      return;
    }
    this.#guard(() => {
      const audio = decoder.push(bytes);
      if (audio !== undefined) this.#sink.audio(audio);
    });
  }

  end(): void {
    if (this.#decoder !== undefined) return this.#sink.end();
    this.failed(failureOf(this.#status, Buffer.concat(this.#error).toString("utf8")));
  }

  failed(error: SynthesisError): void {
    if (error.code === "SYNTHESIS_DENIED") this.#denied();
    fail(this.#sink, error);
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.abort();
      fail(this.#sink, error);
    }
  }
}

function fail(sink: PieceSink, thrown: unknown): void {
  const { code, message, detail } = failureData(thrown);
  sink.fail(code as SynthesisCode, message, detail);
}
