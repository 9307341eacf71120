/**
 * Twilio's side of its Media Streams protocol, for tests, benches and the simulated callee. It does
 * what Twilio does with our audio: queues it without limit worth mentioning, plays it in real time,
 * returns each mark when the audio before it has sounded, and on `clear` drops the queue and
 * returns every open mark at once.
 *
 * @see https://www.twilio.com/docs/voice/media-streams/websocket-messages
 */
import type { AudioFormat } from "../../codecs/audio/audio-codec.js";
import { readFields, type FieldReader } from "../../codecs/wire/fields.js";
import { ProtocolError } from "../../codecs/wire/protocol-error.js";
import { decodeBase64, encodeBase64 } from "./base64.js";
import { browserTime } from "./browser-time.js";
import { bufferFull, wrongLength } from "./client-errors.js";
import { ClientSocket } from "./client-socket.js";
import { MediaClock } from "./media-clock.js";
import type { ClientTime, MediaClient, MediaClientListener, OpenSocket } from "./media-client.js";
import { PlayoutBuffer } from "./playout-buffer.js";

export type TwilioClientOptions = {
  /** e.g. `ws://127.0.0.1:8080/media/twilio`. */
  readonly url: string;
  readonly callId: string;
  /** Secret that admits this call. */
  readonly token: string;
  readonly socket: OpenSocket;
  readonly listener: MediaClientListener;
  /** More custom parameters. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** What Twilio calls the stream; default made from the call id. */
  readonly streamSid?: string;
  /** Default 20: see `PlayoutBuffer`. */
  readonly jitterMs?: number;
  /** Default 30 000 (ten minutes). */
  readonly framesMax?: number;
  readonly time?: ClientTime;
};

const FRAME_MS = 20;
const FRAME_BYTES = 160;
const BYTES_PER_MS = 8;

/** Connects and starts the stream as Twilio would. */
export function connectTwilioClient(options: TwilioClientOptions): MediaClient {
  return new TwilioClient(options);
}

class TwilioClient implements MediaClient {
  readonly format: AudioFormat = { codec: "pcmu", rateHz: 8000 };
  readonly frameMs = FRAME_MS;
  readonly frameBytes = FRAME_BYTES;
  readonly #options: TwilioClientOptions;
  readonly #time: ClientTime;
  readonly #streamSid: string;
  readonly #socket: ClientSocket;
  readonly #buffer: PlayoutBuffer;
  readonly #clock = new MediaClock(FRAME_MS);
  #sequence = 0;
  #chunk = 0;
  #receivedSamples = 0;
  #isStarted = false;
  #isOver = false;

  constructor(options: TwilioClientOptions) {
    this.#options = options;
    this.#time = options.time ?? browserTime;
    this.#streamSid = options.streamSid ?? `MZ${options.callId}`;
    this.#buffer = new PlayoutBuffer({
      time: this.#time,
      jitterMs: options.jitterMs ?? 20,
      framesMax: options.framesMax ?? 30_000,
      played: (frame) => options.listener.played?.(frame),
      markReached: (name) => this.#returnMark(name),
    });
    this.#socket = new ClientSocket({
      url: options.url,
      protocols: [],
      open: options.socket,
      listener: options.listener,
      opened: () => this.#start(),
      message: (data) => this.#receive(data),
      gone: (code) => this.#gone(code),
    });
  }

  sendFrame(payload: Uint8Array, dueMs = this.#time.nowMs()): void {
    if (payload.length !== FRAME_BYTES) throw wrongLength(payload.length, FRAME_BYTES);
    if (this.#isOver || !this.#isStarted) return;
    const timestampMs = this.#clock.take(dueMs);
    if (!this.#socket.isFlowing) return;
    this.#chunk += 1;
    const media = {
      track: "inbound",
      chunk: String(this.#chunk),
      timestamp: String(timestampMs),
      payload: encodeBase64(payload),
    };
    this.#send("media", { media });
  }

  sendDtmf(digit: string): void {
    if (this.#isOver || !this.#isStarted) return;
    this.#send("dtmf", { dtmf: { track: "inbound_track", digit } });
  }

  hangup(): void {
    if (this.#isOver) return;
    this.#end();
    if (this.#isStarted) this.#send("stop", { stop: this.#account() });
    this.#socket.close(1000, "stop");
  }

  #start(): void {
    const { callId, token, parameters } = this.#options;
    this.#socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
    const start = {
      streamSid: this.#streamSid,
      ...this.#account(),
      tracks: ["inbound"],
      customParameters: { ...parameters, callId, token },
      mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
    };
    this.#send("start", { start });
    this.#isStarted = true;
    // Twilio knows no answer: the line is open once the stream has started.
    this.#options.listener.ready?.({ isResumed: false });
  }

  #account(): { accountSid: string; callSid: string } {
    return {
      accountSid: "AC00000000000000000000000000000000",
      callSid: `CA${this.#options.callId}`,
    };
  }

  /** Sends an event in the order of keys that Twilio uses. */
  #send(event: string, body: Readonly<Record<string, unknown>>): void {
    this.#sequence += 1;
    const sequenceNumber = String(this.#sequence);
    this.#socket.send(
      JSON.stringify({ event, sequenceNumber, streamSid: this.#streamSid, ...body }),
    );
  }

  #receive(data: Uint8Array | string): void {
    if (this.#isOver) return;
    const message = readFields(parse(data), "message");
    const event = message.oneOf("event", ["media", "mark", "clear"]);
    message.oneOf("streamSid", [this.#streamSid]);
    switch (event) {
      case "media":
        return this.#media(message.map("media"));
      case "mark":
        return this.#buffer.pushMark(message.map("mark").text("name", { lengthMax: 256 }), 0);
      case "clear":
        return this.#clear();
    }
  }

  /** Any length is right; it sounds, and is cleared, in pieces of 20 ms. */
  #media(media: FieldReader): void {
    const text = media.text("payload", { lengthMin: 0, lengthMax: 1_000_000, isSecret: true });
    const payload = decodeBase64(text);
    if (payload === undefined) {
      throw new ProtocolError("PROTOCOL_PAYLOAD", "media.payload is not base64", {
        payloadCharacters: text.length,
      });
    }
    for (let offset = 0; offset < payload.length; offset += FRAME_BYTES) {
      this.#play(payload.slice(offset, offset + FRAME_BYTES));
    }
  }

  #play(payload: Uint8Array): void {
    const frame = {
      payload,
      durationMs: payload.length / BYTES_PER_MS,
      utterance: 0,
      mediaSamples: this.#receivedSamples,
      arrivedMs: this.#time.nowMs(),
    };
    this.#receivedSamples += payload.length;
    this.#options.listener.frame?.(frame);
    if (this.#buffer.push(frame) || this.#buffer.refusedFrames !== 1) return;
    this.#options.listener.error?.(bufferFull(this.#buffer.waitingFrames));
  }

  #clear(): void {
    const { frames, marks } = this.#buffer.clear(0);
    const atMs = this.#time.nowMs();
    this.#options.listener.clear?.({ utterance: 0, droppedFrames: frames, atMs });
    for (const name of marks) this.#returnMark(name);
  }

  #returnMark(name: string): void {
    this.#send("mark", { mark: { name } });
    this.#options.listener.mark?.(name);
  }

  /** The engine hangs up by closing. */
  #gone(code: number): void {
    const isEngine = !this.#isOver && code === 1000;
    this.#end();
    if (isEngine) this.#options.listener.hangup?.("closed");
  }

  #end(): void {
    this.#isOver = true;
    this.#buffer.close();
  }
}

function parse(data: Uint8Array | string): unknown {
  if (typeof data !== "string") {
    throw new ProtocolError(
      "PROTOCOL_MESSAGE_KIND",
      `message is ${data.length} binary bytes, a text message is right`,
    );
  }
  try {
    return JSON.parse(data);
  } catch {
    // The parser's own words would quote the message.
    throw new ProtocolError("PROTOCOL_JSON", `message of ${data.length} characters is not JSON`);
  }
}
