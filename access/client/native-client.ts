/**
 * The far end of a call over Voxtree native v1: browser softphones, load generators, the simulated
 * callee. `docs/protocol.md` is the specification.
 */
import { EngineError } from "../../base/errors.js";
import type { Timer } from "../../base/ports.js";
import type { AudioFormat } from "../../codecs/audio/audio-codec.js";
import {
  DEFAULT_NATIVE_LIMITS,
  NativeChannel,
  newNativeStream,
  type NativeReceiver,
  type NativeStream,
} from "../../codecs/wire/native-channel.js";
import type { ControlMessage, StartMessage } from "../../codecs/wire/native-control.js";
import { NATIVE_SUBPROTOCOL, recordName, type NativeHeader } from "../../codecs/wire/native-v1.js";
import { ProtocolError } from "../../codecs/wire/protocol-error.js";
import { browserTime } from "./browser-time.js";
import { bufferFull, wrongLength } from "./client-errors.js";
import { ClientSocket } from "./client-socket.js";
import { MediaClock } from "./media-clock.js";
import type { ClientTime, MediaClient, MediaClientListener, OpenSocket } from "./media-client.js";
import { PlayoutBuffer } from "./playout-buffer.js";

export type MediaClientOptions = {
  /** e.g. `ws://127.0.0.1:8080/media/native/v1`. */
  readonly url: string;
  readonly callId: string;
  /** Secret that admits this call. */
  readonly token: string;
  readonly format: AudioFormat;
  readonly socket: OpenSocket;
  readonly listener: MediaClientListener;
  /** The word of an earlier `ready`, to take a lost call up again. */
  readonly resume?: string;
  /** More to tell the engine about this call. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Default 20: see `PlayoutBuffer`. */
  readonly jitterMs?: number;
  /** Default 500 (ten seconds): the engine paces its frames, so few ever wait. */
  readonly framesMax?: number;
  readonly time?: ClientTime;
};

/** The frame length of native v1. */
const FRAME_MS = 20;
const STREAM_ID = 1;
/** How long the engine may take to answer our hang-up. */
const HANGUP_MS_MAX = 1000;

/** Connects, and starts the call as soon as the socket is open. */
export function connectMediaClient(options: MediaClientOptions): MediaClient {
  return new NativeClient(options);
}

class NativeClient implements MediaClient, NativeReceiver {
  readonly format: AudioFormat;
  readonly frameMs = FRAME_MS;
  readonly #options: MediaClientOptions;
  readonly #time: ClientTime;
  readonly #socket: ClientSocket;
  readonly #channel: NativeChannel;
  readonly #stream: NativeStream;
  readonly #buffer: PlayoutBuffer;
  readonly #clock = new MediaClock(FRAME_MS);
  #clearedUtterance = 0;
  /** Records count from `start`, so nothing may be sent before it. */
  #isStarted = false;
  #isOver = false;
  #hangupTimer: Timer | undefined;

  constructor(options: MediaClientOptions) {
    this.#options = options;
    this.format = options.format;
    this.#time = options.time ?? browserTime;
    this.#stream = newNativeStream(STREAM_ID, { ...options.format, frameMs: FRAME_MS });
    this.#channel = new NativeChannel({
      send: (message) => this.#socket.send(message),
      limits: { ...DEFAULT_NATIVE_LIMITS, streamsMax: 1 },
      agent: "voxtree-client",
    });
    this.#channel.streams.set(STREAM_ID, this.#stream);
    this.#buffer = new PlayoutBuffer({
      time: this.#time,
      jitterMs: options.jitterMs ?? 20,
      framesMax: options.framesMax ?? 500,
      played: (frame) => options.listener.played?.(frame),
      markReached: (name) => this.#markReached(name),
    });
    this.#socket = new ClientSocket({
      url: options.url,
      protocols: [NATIVE_SUBPROTOCOL],
      open: options.socket,
      listener: options.listener,
      opened: () => this.#start(),
      message: (data) => this.#channel.receive(data, this),
      broken: (error) => this.#sayBroken(error),
      gone: () => this.#end(),
    });
  }

  get frameBytes(): number {
    return this.#stream.frameBytes;
  }

  sendFrame(payload: Uint8Array, dueMs = this.#time.nowMs()): void {
    if (payload.length !== this.frameBytes) throw wrongLength(payload.length, this.frameBytes);
    if (this.#isOver || !this.#isStarted) return;
    const mediaMs = this.#clock.take(dueMs);
    if (!this.#socket.isFlowing) return;
    const samples = (mediaMs / FRAME_MS) * this.#stream.frameSamples;
    this.#channel.sendAudio(this.#stream, payload, 0, samples);
    this.#stream.outSamples = samples + this.#stream.frameSamples;
  }

  sendDtmf(digit: string): void {
    if (this.#isOver || !this.#isStarted) return;
    const place = { mediaTime: this.#stream.outSamples };
    this.#channel.sendControl("dtmf", this.#stream, { digit }, place);
  }

  hangup(reason = "hangup"): void {
    if (this.#isOver) return;
    this.#end();
    if (!this.#isStarted) return this.#socket.close(1000, reason);
    this.#channel.sendControl("hangup", this.#stream, { reason });
    this.#hangupTimer = this.#time.after(HANGUP_MS_MAX, () => this.#socket.close(1000, reason));
  }

  audio(stream: NativeStream, header: NativeHeader, message: Uint8Array, samples: number): void {
    if (this.#isOver) return;
    const { payloadOffset, payloadBytes, utterance } = header;
    const frame = {
      payload: new Uint8Array(message.subarray(payloadOffset, payloadOffset + payloadBytes)),
      durationMs: stream.format.frameMs,
      utterance,
      mediaSamples: samples,
      arrivedMs: this.#time.nowMs(),
    };
    this.#options.listener.frame?.(frame);
    // Audio that was overtaken by its own clear is never heard.
    if (utterance !== 0 && utterance <= this.#clearedUtterance) return;
    if (this.#buffer.push(frame) || this.#buffer.refusedFrames !== 1) return;
    this.#options.listener.error?.(bufferFull(this.#buffer.waitingFrames));
  }

  control(message: ControlMessage, header: NativeHeader): void {
    switch (message.name) {
      case "hello":
      case "pong":
        return;
      case "ready":
        if (!this.#isOver) this.#options.listener.ready?.(message.body);
        return;
      case "mark":
        return this.#buffer.pushMark(message.body.name, header.utterance);
      case "clear":
        return this.#clear(header.utterance);
      case "hangup":
        return this.#engineHungUp(message.body.reason);
      case "error":
        return this.#engineFailed(message.body);
      case "ping":
        return this.#channel.sendControl("pong", undefined, message.body);
      case "start":
      case "dtmf":
        throw new ProtocolError(
          "PROTOCOL_ORDER",
          `${recordName(header.type)} came from the engine, only the client sends it`,
          { type: header.type },
        );
    }
  }

  #start(): void {
    const { callId, token, resume, parameters } = this.#options;
    const start: StartMessage = {
      callId,
      token,
      format: this.#stream.format,
      parameters: parameters ?? {},
      ...(resume === undefined ? {} : { resume }),
    };
    this.#channel.sendHello();
    this.#channel.sendControl("start", this.#stream, start);
    this.#isStarted = true;
  }

  #markReached(name: string): void {
    this.#channel.sendControl("mark", this.#stream, { name });
    this.#options.listener.mark?.(name);
  }

  #clear(utterance: number): void {
    if (this.#isOver) return;
    this.#clearedUtterance = Math.max(this.#clearedUtterance, utterance);
    const { frames } = this.#buffer.clear(utterance);
    const atMs = this.#time.nowMs();
    this.#options.listener.clear?.({ utterance, droppedFrames: frames, atMs });
  }

  #engineHungUp(reason: string): void {
    if (!this.#isOver) {
      this.#end();
      this.#channel.sendControl("hangup", this.#stream, { reason: "answer" });
      this.#options.listener.hangup?.(reason);
    }
    this.#hangupTimer?.cancel();
    this.#socket.close(1000, "hangup");
  }

  #engineFailed({
    code,
    message,
    detail,
  }: Extract<ControlMessage, { name: "error" }>["body"]): void {
    this.#options.listener.error?.(new EngineError(code, message, detail));
    this.#socket.close(1000, "error");
  }

  #sayBroken({ code, message, detail }: EngineError): void {
    this.#channel.sendControl("error", undefined, {
      code,
      message: message.slice(0, 1024),
      detail,
    });
  }

  #end(): void {
    this.#isOver = true;
    this.#buffer.close();
    this.#hangupTimer?.cancel();
  }
}
