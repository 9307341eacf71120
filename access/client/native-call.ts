/**
 * One call of a client over the native protocol, on a connection that may be lost and come back.
 * What was on its way then is sent again by either side, from where it arrived on.
 */
import { EngineError } from "../../base/errors.js";
import type { Timer } from "../../base/ports.js";
import type { OpenOpus, OpusPacketMs } from "../../codecs/audio/opus-line.js";
import type { AudioFormat } from "../../codecs/audio/audio-codec.js";
import {
  newNativeStream,
  type NativeChannel,
  type NativeStream,
} from "../../codecs/wire/native-channel.js";
import type {
  ControlMessage,
  ControlMessages,
  NativeFrameMs,
} from "../../codecs/wire/native-control.js";
import { recordName, type NativeHeader } from "../../codecs/wire/native-v1.js";
import { ProtocolError } from "../../codecs/wire/protocol-error.js";
import { bufferFull, wrongLength } from "./client-errors.js";
import { MediaClock } from "./media-clock.js";
import type { ClientTime, MediaClient, MediaClientListener } from "./media-client.js";
import type { ConnectionCall, NativeConnection } from "./native-connection.js";
import { NativeVoice } from "./native-voice.js";
import { PlayoutBuffer } from "./playout-buffer.js";
import { PressedKeys } from "./pressed-keys.js";
import { SentAudio } from "./sent-audio.js";

/** What a call needs, whatever connection it is on. */
export type NativeCallOptions = {
  readonly callId: string;
  /** Secret that admits this call. */
  readonly token: string;
  readonly format: AudioFormat;
  /** Default 20. 10 is quicker by as much, and twice the frames. */
  readonly frameMs?: NativeFrameMs;
  readonly listener: MediaClientListener;
  /** The word of an earlier client's `ready`, to take its call up. */
  readonly resume?: string;
  /** More to tell the engine about this call. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Opens Opus: offered to the engine, and used where it agrees. In Node: `openOpus`. */
  readonly opus?: OpenOpus;
  /** With `opus`: sound in one packet while the link is good. Default one frame; 60 costs least. */
  readonly packetMs?: OpusPacketMs;
  /** Default 20: see `PlayoutBuffer`. */
  readonly jitterMs?: number;
  /** Default 500 (ten seconds of 20 ms): the engine paces its frames, so few ever wait. */
  readonly framesMax?: number;
  /** Speech kept in case the connection is lost; default 1500. 0: none is sent again. */
  readonly keptMsMax?: number;
  /** Whether to get another connection when one is lost, where the engine offers it: default. */
  readonly isResuming?: boolean;
};

const FRAME_MS = 20;
/** How long the engine may take to answer our hang-up. */
const HANGUP_MS_MAX = 1000;
/** What a second of speech is worth keeping for. */
const KEPT_MS_MAX = 1500;

/**
 * ```
 *   waiting ──connected──▶ open ──lost──▶ lost ──connected──▶ resuming ──ready──▶ open
 * ```
 */
type State = "waiting" | "open" | "lost" | "resuming" | "over";

export class NativeCall implements MediaClient, ConnectionCall {
  readonly format: AudioFormat;
  readonly frameMs: NativeFrameMs;
  readonly streamId: number;
  readonly #options: NativeCallOptions;
  readonly #time: ClientTime;
  readonly #connection: NativeConnection;
  /** Takes the call off its connection, or closes that. */
  readonly #leave: (code: number, reason: string) => void;
  readonly #buffer: PlayoutBuffer;
  readonly #clock: MediaClock;
  readonly #sentAudio: SentAudio;
  readonly #keys = new PressedKeys();
  #channel: NativeChannel | undefined;
  /** Of the connection it has, or had. */
  #stream: NativeStream;
  #voice: NativeVoice | undefined;
  #state: State = "waiting";
  #clearedUtterance = 0;
  #lastMark: string | undefined;
  /** Media time up to which the engine's audio arrived; undefined before any. */
  #receivedSamples: number | undefined;
  #resume: string | undefined;
  #resumeMs = 0;
  #isReady = false;
  #reportFrames = 0;
  #reportedLate = 0;
  #lostAtMs: number | undefined;
  #hangupTimer: Timer | undefined;
  #isClosed = false;

  constructor(options: {
    readonly call: NativeCallOptions;
    readonly streamId: number;
    readonly time: ClientTime;
    readonly connection: NativeConnection;
    readonly leave: (code: number, reason: string) => void;
  }) {
    const { call, time } = options;
    this.#options = call;
    this.#time = time;
    this.#connection = options.connection;
    this.#leave = options.leave;
    this.#resume = call.resume;
    this.format = call.format;
    this.frameMs = call.frameMs ?? FRAME_MS;
    this.#clock = new MediaClock(this.frameMs);
    this.streamId = options.streamId;
    this.#stream = this.#newStream();
    const keptFrames = Math.ceil((call.keptMsMax ?? KEPT_MS_MAX) / this.frameMs);
    this.#sentAudio = new SentAudio(this.#stream.frameBytes, keptFrames);
    this.#buffer = new PlayoutBuffer({
      time,
      jitterMs: call.jitterMs ?? 20,
      framesMax: call.framesMax ?? 500,
      played: (frame) => call.listener.played?.(frame),
      markReached: (name) => this.#markReached(name),
    });
  }

  get frameBytes(): number {
    return this.#stream.frameBytes;
  }

  get waitMs(): number {
    const isResuming = this.#options.isResuming ?? true;
    return isResuming && this.#isReady && this.#state !== "over" ? this.#resumeMs : 0;
  }

  sendFrame(payload: Uint8Array, dueMs = this.#time.nowMs()): void {
    if (payload.length !== this.frameBytes) throw wrongLength(payload.length, this.frameBytes);
    if (this.#state === "over" || this.#state === "waiting") return;
    const samples = (this.#clock.take(dueMs) / this.frameMs) * this.#stream.frameSamples;
    const isSent = this.#state === "open" && this.#connection.isFlowing;
    this.#sentAudio.add(payload, samples, isSent);
    if (isSent) this.#sendAudio(payload, samples);
  }

  sendDtmf(digit: string): void {
    if (this.#state === "over" || this.#state === "waiting") return;
    this.#keys.add(digit, this.#state === "open");
    if (this.#state === "open") this.#sendKey(digit);
  }

  hangup(reason = "hangup"): void {
    if (this.#state === "over") return;
    const wasOpen = this.#state === "open" || this.#state === "resuming";
    if (wasOpen) this.#voice?.flush();
    this.#end();
    if (!wasOpen) return this.#leave(1000, reason);
    this.#channel?.sendControl("hangup", this.#stream, { reason });
    this.#hangupTimer = this.#time.after(HANGUP_MS_MAX, () => this.#leave(1000, reason));
  }

  connected(channel: NativeChannel): void {
    const isFirst = this.#state === "waiting";
    this.#channel = channel;
    this.#stream = this.#newStream();
    this.#stream.earlierInSamples = this.#receivedSamples ?? -1;
    channel.streams.set(this.streamId, this.#stream);
    const { opus, packetMs } = this.#options;
    this.#voice = new NativeVoice(channel, this.#stream, packetMs);
    this.#state = isFirst ? "open" : "resuming";
    const { callId, token, parameters = {} } = this.#options;
    const resume = this.#resume;
    const received = this.#receivedSamples;
    channel.sendControl("start", this.#stream, {
      callId,
      token,
      format: this.#stream.format,
      parameters,
      ...(opus === undefined ? {} : { opus: true }),
      ...(opus === undefined || packetMs === undefined ? {} : { packetMs }),
      ...(resume === undefined ? {} : { resume }),
      ...(resume === undefined || received === undefined
        ? {}
        : { receivedTime: received % 0x1_0000_0000 }),
    });
  }

  lost(code: number, reason: string): void {
    this.#channel = undefined;
    this.#voice?.close();
    if (this.#state === "over") return;
    // What was asked for and not answered is asked for again.
    this.#buffer.dropMarks();
    const isNew = this.#state === "open";
    this.#state = "lost";
    if (!isNew) return;
    this.#lostAtMs = this.#time.nowMs();
    this.#options.listener.lost?.(code, reason);
  }

  gone(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#end();
    this.#hangupTimer?.cancel();
    this.#options.listener.closed?.(code, reason);
  }

  failed(error: EngineError): void {
    this.#options.listener.error?.(error);
  }

  audio(stream: NativeStream, header: NativeHeader, message: Uint8Array, samples: number): void {
    if (this.#state === "over") return;
    this.#receivedSamples = samples + stream.frameSamples;
    const { payloadOffset, payloadBytes, utterance } = header;
    const frame = {
      payload: new Uint8Array(message.subarray(payloadOffset, payloadOffset + payloadBytes)),
      durationMs: this.frameMs,
      utterance,
      mediaSamples: samples,
      arrivedMs: this.#time.nowMs(),
    };
    this.#options.listener.frame?.(frame);
    // Audio that was overtaken by its own clear is never heard.
    if (utterance !== 0 && utterance <= this.#clearedUtterance) return;
    this.#report();
    if (this.#buffer.push(frame) || this.#buffer.refusedFrames !== 1) return;
    this.#options.listener.error?.(bufferFull(this.#buffer.waitingFrames));
  }

  /** Once a second of audio the engine hears how its frames came. */
  #report(): void {
    this.#reportFrames += 1;
    if (this.#stream.opus === undefined || this.#reportFrames < 1000 / this.frameMs) return;
    const late = Math.min(this.#reportFrames, this.#buffer.lateFrames - this.#reportedLate);
    const body = { received: this.#reportFrames, late };
    this.#channel?.sendControl("report", this.#stream, body);
    this.#reportFrames = 0;
    this.#reportedLate = this.#buffer.lateFrames;
  }

  control(message: ControlMessage, header: NativeHeader): void {
    switch (message.name) {
      case "ready":
        return this.#ready(message.body);
      case "mark":
        return this.#buffer.pushMark(message.body.name, header.utterance);
      case "clear":
        return this.#clear(header.utterance);
      case "rate":
        this.#voice?.setRate(message.body);
        return this.#options.listener.rateAsked?.(message.body);
      case "hangup":
        return this.#engineHungUp(message.body.reason);
      case "error":
        return this.#engineGaveUp(message.body);
      default:
        throw new ProtocolError(
          "PROTOCOL_ORDER",
          `${recordName(header.type)} came from the engine, only the client sends it`,
          { type: header.type },
        );
    }
  }

  #ready(ready: Readonly<ControlMessages["ready"]>): void {
    if (this.#state === "over") return;
    this.#resume = ready.resume;
    this.#resumeMs = ready.resumeMs ?? 0;
    this.#connection.settled();
    if (ready.opus === true) this.#voice?.useOpus(this.#options.opus, this.#time);
    const { isResumed, resume, keys } = ready;
    const word = resume === undefined ? {} : { resume };
    // An engine in a new life has forgotten what it sent: its media time begins anew.
    if (isResumed && keys === undefined) this.#forgetReceived();
    const wasReady = this.#isReady;
    this.#isReady = true;
    if (this.#state === "resuming") this.#sendMissing(ready);
    if (!wasReady) return this.#options.listener.ready?.({ isResumed, ...word });
    const gapMs = this.#time.nowMs() - (this.#lostAtMs ?? this.#time.nowMs());
    this.#lostAtMs = undefined;
    this.#options.listener.resumed?.({ gapMs, ...word });
  }

  /** Also the numbers that it may give out again. */
  #forgetReceived(): void {
    this.#receivedSamples = undefined;
    this.#clearedUtterance = 0;
    this.#lastMark = undefined;
    this.#stream.earlierInSamples = -1;
  }

  /** What was said and keyed while there was no connection, and what was lost with it. */
  #sendMissing({ receivedTime, keys }: Readonly<ControlMessages["ready"]>): void {
    this.#state = "open";
    const send = (payload: Uint8Array, samples: number): void => this.#sendAudio(payload, samples);
    // Without its count of keys the engine cannot tell what arrived.
    if (keys === undefined) this.#sentAudio.takeUnsent(send);
    else this.#sentAudio.takeFrom(receivedTime, send);
    for (const digit of this.#keys.takeMissing(keys)) this.#sendKey(digit);
  }

  #sendAudio(payload: Uint8Array, samples: number): void {
    this.#voice?.send(payload, samples);
  }

  #sendKey(digit: string): void {
    const place = { mediaTime: this.#stream.outSamples };
    this.#voice?.flush();
    this.#channel?.sendControl("dtmf", this.#stream, { digit }, place);
  }

  #markReached(name: string): void {
    this.#channel?.sendControl("mark", this.#stream, { name });
    // After a resumption the engine asks for it again, in case our word was lost.
    if (name !== this.#lastMark) this.#options.listener.mark?.(name);
    this.#lastMark = name;
  }

  #clear(utterance: number): void {
    if (this.#state === "over") return;
    const isRepeated = utterance <= this.#clearedUtterance;
    this.#clearedUtterance = Math.max(this.#clearedUtterance, utterance);
    const { frames } = this.#buffer.clear(utterance);
    // After a resumption the engine says it once more, in case it was lost.
    if (isRepeated && frames === 0) return;
    const atMs = this.#time.nowMs();
    this.#options.listener.clear?.({ utterance, droppedFrames: frames, atMs });
  }

  #engineHungUp(reason: string): void {
    if (this.#state !== "over") {
      this.#end();
      this.#channel?.sendControl("hangup", this.#stream, { reason: "answer" });
      this.#options.listener.hangup?.(reason);
    }
    this.#leave(1000, "hangup");
  }

  /** The engine cannot go on with this call. */
  #engineGaveUp({ code, message, detail }: Readonly<ControlMessages["error"]>): void {
    if (this.#state === "over") return;
    this.#end();
    this.#channel?.sendControl("hangup", this.#stream, { reason: "answer" });
    this.#options.listener.error?.(new EngineError(code, message, detail));
    this.#leave(1000, "error");
  }

  #end(): void {
    this.#state = "over";
    this.#buffer.close();
    this.#voice?.close();
    this.#hangupTimer?.cancel();
  }

  #newStream(): NativeStream {
    return newNativeStream(this.streamId, { ...this.format, frameMs: this.frameMs });
  }
}
