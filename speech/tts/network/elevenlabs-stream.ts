/**
 * ElevenLabs' stream-input WebSocket: one connection speaks one piece. The next connection is
 * opened ahead and kept alive, so that a sentence does not wait for handshakes.
 *
 *     → {"text":" ", settings}   → {"text":" "} … while it waits
 *     → {"text":"Hello. ","flush":true}   → {"text":""}
 *     ← {"audio":"base64"} …      ← {"isFinal":true}
 *
 * An empty text is the end; a blank keeps the connection.
 */
import { WebSocket } from "ws";
import type { Time, Timer } from "../../../base/ports.js";
import type { VoiceVendorConfig } from "../../../config/schema.js";
import { asFields, reportedFailure, type ReportedFailure } from "../../vendors/vendor-failure.js";
import { failureData, type SynthesisCode } from "../synthesizer.js";
import { rawDecoder, sniffing } from "./audio-decoders.js";
import { codeOfStatus } from "./http-failure.js";
import { elevenlabsModel, elevenlabsSpeed, elevenlabsUrl } from "./elevenlabs.js";
import type { AudioDecoder, PieceSink, VoiceLine, VoicePiece } from "./voice-line.js";

/** The server closes after 20 s without a word. */
const keepAliveMs = 10_000;
/** After so long nobody seems to want it: the bill of an open connection is not ours to run up. */
const keepAlivesMax = 12;
const messageBytesMax = 4 * 1024 * 1024;

export type StreamLineOptions = {
  readonly config: VoiceVendorConfig;
  readonly ca?: string | undefined;
  readonly time: Time;
};

type Fail = (code: SynthesisCode, message: string) => void;

export class ElevenlabsStreamLine implements VoiceLine {
  readonly takesSsml = false;
  readonly #options: StreamLineOptions;
  #ahead: Connection | undefined;
  #isClosed = false;

  constructor(options: StreamLineOptions) {
    this.#options = options;
  }

  speak(piece: VoicePiece, sink: PieceSink): { cancel(): void } {
    const key = `${piece.voice} ${piece.speed}`;
    const ahead = this.#ahead;
    const isFit = ahead?.key === key && ahead.isUsable;
    if (!isFit) ahead?.close();
    const connection = isFit ? ahead : this.#connect(key, piece);
    this.#ahead = undefined;
    const spoken: PieceSink = {
      audio: (audio) => sink.audio(audio),
      fail: (...failure) => sink.fail(...failure),
      end: () => {
        // The next one, since this one has shown that it can be done.
        if (this.#ahead === undefined && !this.#isClosed) this.#ahead = this.#connect(key, piece);
        sink.end();
      },
    };
    this.#options.time.soon(() => connection.speak(piece.text, spoken));
    return { cancel: () => connection.close() };
  }

  close(): void {
    this.#isClosed = true;
    this.#ahead?.close();
  }

  #connect(key: string, { voice, speed }: VoicePiece): Connection {
    return new Connection({ ...this.#options, key, voice, speed });
  }
}

type ConnectionOptions = StreamLineOptions & {
  readonly key: string;
  readonly voice: string;
  readonly speed: number;
};

class Connection {
  readonly key: string;
  readonly #options: ConnectionOptions;
  readonly #socket: WebSocket;
  readonly #decoder: AudioDecoder = sniffing(rawDecoder("l16", 16_000));
  readonly #connecting: Timer;
  #keepAlive: Timer | undefined;
  #sink: PieceSink | undefined;
  #text: string | undefined;
  #isOver = false;
  #blanks = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.key = options.key;
    const { config, voice, ca, time } = options;
    const { url = "", key = "", model = elevenlabsModel, connectMsMax } = config;
    const query = { model_id: model, output_format: "pcm_16000", auto_mode: "true" };
    this.#socket = new WebSocket(elevenlabsUrl(url, voice, "stream-input", query), {
      headers: { "xi-api-key": key },
      perMessageDeflate: false,
      maxPayload: messageBytesMax,
      ...(ca === undefined ? {} : { ca }),
    });
    this.#connecting = time.after(connectMsMax, () =>
      this.#fail("SYNTHESIS_UNAVAILABLE", `no connection within ${connectMsMax} ms`),
    );
    this.#listen();
  }

  get isUsable(): boolean {
    return !this.#isOver;
  }

  speak(text: string, sink: PieceSink): void {
    if (this.#isOver) return sink.fail("SYNTHESIS_UNAVAILABLE", "no connection");
    this.#sink = sink;
    this.#text = text;
    this.#sendText();
  }

  /** Gives up what is being spoken, at once. */
  close(): void {
    this.#sink = undefined;
    this.#end();
    if (this.#socket.readyState !== WebSocket.CLOSED) this.#socket.terminate();
  }

  #listen(): void {
    this.#socket.on("open", () => this.#opened());
    this.#socket.on("message", (data: Buffer) => this.#receive(data.toString()));
    this.#socket.on("unexpected-response", (_request, response) => {
      const status = response.statusCode ?? 0;
      response.destroy();
      this.#fail(codeOfStatus(status), `the handshake was answered with HTTP ${status}`);
    });
    this.#socket.on("error", (error: NodeJS.ErrnoException) =>
      this.#fail("SYNTHESIS_UNAVAILABLE", `no connection: ${error.code ?? error.message}`),
    );
    this.#socket.on("close", (code) =>
      this.#fail("SYNTHESIS_LOST", `the connection was closed: code ${code}`),
    );
  }

  #opened(): void {
    this.#connecting.cancel();
    if (this.#isOver) return;
    const { speed } = this.#options;
    const settings = speed === 1 ? {} : { voice_settings: { speed: elevenlabsSpeed(speed) } };
    this.#send({ text: " ", ...settings });
    this.#sendText();
    this.#stayAlive();
  }

  #stayAlive(): void {
    this.#keepAlive = this.#options.time.after(keepAliveMs, () => {
      this.#blanks += 1;
      if (this.#blanks > keepAlivesMax) return this.close();
      this.#send({ text: " " });
      this.#stayAlive();
    });
  }

  #sendText(): void {
    if (this.#text === undefined || this.#socket.readyState !== WebSocket.OPEN) return;
    this.#keepAlive?.cancel();
    this.#send({ text: `${this.#text} `, flush: true });
    this.#send({ text: "" });
    this.#text = undefined;
  }

  #send(message: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #receive(message: string): void {
    if (this.#isOver) return;
    const fields = parsed(message);
    if (fields === undefined) {
      return this.#fail("SYNTHESIS_PROTOCOL", `a message of ${message.length} bytes is no JSON`);
    }
    const { audio, isFinal } = fields;
    const isSound = typeof audio === "string" && audio !== "";
    const failure = isSound || isFinal === true ? undefined : reportedFailure(withError(fields));
    if (failure !== undefined) return this.#fail(codeOf(failure), failure.message);
    if (isSound && !this.#hear(audio)) return;
    if (isFinal !== true) return;
    const sink = this.#sink;
    this.#sink = undefined;
    this.#end();
    this.#socket.close(1000);
    sink?.end();
  }

  /** False when it cannot be read. */
  #hear(audio: string): boolean {
    try {
      const samples = this.#decoder.push(Buffer.from(audio, "base64"));
      if (samples !== undefined) this.#sink?.audio(samples);
      return true;
    } catch (error) {
      const { code, message } = failureData(error);
      this.#fail(code as SynthesisCode, message);
      return false;
    }
  }

  readonly #fail: Fail = (code, message) => {
    if (this.#isOver) return;
    const sink = this.#sink;
    this.close();
    sink?.fail(code, message);
  };

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connecting.cancel();
    this.#keepAlive?.cancel();
  }
}

/** Among its own errors, a request that it does not want has the number that HTTP has for it. */
function codeOf({ kind, vendorCode }: ReportedFailure): SynthesisCode {
  return kind === "VENDOR" && vendorCode === 400 ? "SYNTHESIS_REFUSED" : `SYNTHESIS_${kind}`;
}

/** `{"message","error","code"}`: an error, also where only its message is there. */
function withError(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const isError = fields["message"] !== undefined && fields["error"] === undefined;
  return isError ? { ...fields, error: fields["message"] } : fields;
}

function parsed(message: string): ReturnType<typeof asFields> {
  try {
    return asFields(JSON.parse(message));
  } catch {
    // Half of a message says nothing.
    return undefined;
  }
}
