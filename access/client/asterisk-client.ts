/**
 * Asterisk's side of its `chan_websocket`, for tests and benches. It does what Asterisk does with
 * our audio: cuts it into frames, plays one every 20 ms, says when the queue comes to a mark, and
 * on a flush drops the queue with its marks and without a word about them.
 *
 * @see https://docs.asterisk.org/Configuration/Channel-Drivers/WebSocket/
 */
import { frameBytes, type AudioFormat } from "../../codecs/audio/audio-codec.js";
import { readFields } from "../../codecs/wire/fields.js";
import { ProtocolError } from "../../codecs/wire/protocol-error.js";
import { browserTime } from "./browser-time.js";
import { wrongLength } from "./client-errors.js";
import { ClientSocket } from "./client-socket.js";
import type { ClientTime, MediaClient, MediaClientListener, OpenSocket } from "./media-client.js";
import { PlayoutBuffer } from "./playout-buffer.js";

export type AsteriskClientOptions = {
  /** e.g. `ws://127.0.0.1:8080/media/asterisk`; call id and token are added to its query. */
  readonly url: string;
  readonly callId: string;
  /** Secret that admits this call. */
  readonly token: string;
  readonly socket: OpenSocket;
  readonly listener: MediaClientListener;
  /** As Asterisk calls it. Default `slin16`. */
  readonly format?: "ulaw" | "alaw" | "slin" | "slin16";
  /** Default `json`. */
  readonly style?: "json" | "plain";
  readonly time?: ClientTime;
};

const frameMs = 20;
/** Asterisk drops what comes on top of this. */
const framesMax = 1000;
/** One frame is always on its way between the queue and the phone. */
const jitterMs = 20;
const formats = {
  ulaw: { codec: "pcmu", rateHz: 8000 },
  alaw: { codec: "pcma", rateHz: 8000 },
  slin: { codec: "l16", rateHz: 8000 },
  slin16: { codec: "l16", rateHz: 16000 },
} as const satisfies Readonly<Record<string, AudioFormat>>;

/** Connects and starts the stream as Asterisk would. */
export function connectAsteriskClient(options: AsteriskClientOptions): MediaClient {
  return new AsteriskClient(options);
}

class AsteriskClient implements MediaClient {
  readonly format: AudioFormat;
  readonly frameMs = frameMs;
  readonly frameBytes: number;
  readonly #options: AsteriskClientOptions;
  readonly #time: ClientTime;
  readonly #socket: ClientSocket;
  readonly #buffer: PlayoutBuffer;
  readonly #isJson: boolean;
  #receivedBytes = 0;
  #isStarted = false;
  #isOver = false;

  constructor(options: AsteriskClientOptions) {
    const { callId, token, style = "json", format = "slin16" } = options;
    this.#options = options;
    this.#time = options.time ?? browserTime;
    this.#isJson = style === "json";
    this.format = formats[format];
    this.frameBytes = frameBytes(this.format, frameMs);
    this.#buffer = new PlayoutBuffer({
      time: this.#time,
      jitterMs,
      framesMax,
      played: (frame) => options.listener.played?.(frame),
      markReached: (name) => this.#markReached(name),
    });
    this.#socket = new ClientSocket({
      url: `${options.url}?${new URLSearchParams({ callId, token }).toString()}`,
      protocols: ["media"],
      open: options.socket,
      listener: options.listener,
      opened: () => this.#start(format),
      message: (data) => this.#receive(data),
      gone: (code) => this.#gone(code),
    });
  }

  sendFrame(payload: Uint8Array): void {
    if (payload.length !== this.frameBytes) throw wrongLength(payload.length, this.frameBytes);
    if (this.#isOver || !this.#isStarted || !this.#socket.isFlowing) return;
    this.#socket.send(payload);
  }

  sendDtmf(digit: string): void {
    if (!this.#isOver && this.#isStarted) this.#send("DTMF_END", { digit });
  }

  /** Asterisk has no word for a hang-up: it closes. */
  hangup(): void {
    if (this.#isOver) return;
    this.#end();
    this.#socket.close(1000, "hangup");
  }

  #start(format: string): void {
    this.#send("MEDIA_START", {
      connection_id: "media",
      channel: "WebSocket/media/0x1",
      format,
      optimal_frame_size: this.frameBytes,
      ptime: frameMs,
    });
    this.#isStarted = true;
    this.#options.listener.ready?.({ isResumed: false });
  }

  #send(event: string, body: Readonly<Record<string, string | number>>): void {
    const all = { channel_id: `media-${this.#options.callId}`, ...body };
    this.#socket.send(this.#isJson ? JSON.stringify({ event, ...all }) : plain(event, all));
  }

  #receive(data: Uint8Array | string): void {
    if (this.#isOver) return;
    if (typeof data === "string") this.#command(data);
    else this.#media(data);
  }

  #command(text: string): void {
    if (text.length > 128) return;
    const [name, id] = this.#isJson ? jsonCommand(text) : plainCommand(text);
    switch (name) {
      case "MARK_MEDIA":
        return this.#buffer.pushMark(id ?? "", 0);
      case "FLUSH_MEDIA": {
        const { frames } = this.#buffer.clear(0);
        const atMs = this.#time.nowMs();
        return this.#options.listener.clear?.({ utterance: 0, droppedFrames: frames, atMs });
      }
      case "REPORT_QUEUE_DRAINED":
        return this.#send("QUEUE_DRAINED", {});
      case "HANGUP":
        this.#end();
        this.#options.listener.hangup?.("HANGUP");
        return this.#socket.close(1000, "hangup");
      default:
        return;
    }
  }

  /** A remainder that is no whole frame is thrown away. */
  #media(data: Uint8Array): void {
    const bytes = this.frameBytes;
    for (let offset = 0; offset + bytes <= data.length; offset += bytes) {
      const frame = {
        payload: data.slice(offset, offset + bytes),
        durationMs: frameMs,
        utterance: 0,
        mediaSamples: this.#receivedBytes / (this.format.codec === "l16" ? 2 : 1),
        arrivedMs: this.#time.nowMs(),
      };
      this.#receivedBytes += bytes;
      this.#options.listener.frame?.(frame);
      this.#buffer.push(frame);
    }
  }

  #markReached(name: string): void {
    if (this.#isJson) this.#send("MEDIA_MARK_PROCESSED", { correlation_id: name });
    else this.#socket.send(`MEDIA_MARK_PROCESSED ${name}`);
    this.#options.listener.mark?.(name);
  }

  /** Without a HANGUP before it, the close is the hang-up. */
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

function plain(event: string, body: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(body).map(([key, value]) => ` ${key}:${value}`);
  return `${event}${pairs.join("")}`;
}

function plainCommand(text: string): readonly (string | undefined)[] {
  const [name, ...id] = text.split(" ");
  return [name, id.join(" ")];
}

function jsonCommand(text: string): readonly (string | undefined)[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const message = `command of ${text.length} characters is not JSON`;
    throw new ProtocolError("PROTOCOL_JSON", message);
  }
  const fields = readFields(value, "command");
  const id = fields.optionalText("correlation_id", { lengthMin: 0, lengthMax: 128 });
  return [fields.text("command", { lengthMax: 64 }), id];
}
