/**
 * A connection of the native protocol that is opened again when it is lost. The calls on it stay,
 * and take themselves up when it is there again.
 *
 * ```
 *   connecting ──▶ open ──lost──▶ waiting ──back-off──▶ connecting again ──▶ open
 *       └──────────────┴── ended, or no call waits any more ──▶ over
 * ```
 */
import { EngineError } from "../../base/errors.js";
import type { Rng, Timer } from "../../base/ports.js";
import {
  DEFAULT_NATIVE_LIMITS,
  NativeChannel,
  type NativePacking,
  type NativeReceiver,
  type NativeStream,
} from "../../codecs/wire/native-channel.js";
import type { ControlMessage } from "../../codecs/wire/native-control.js";
import { NATIVE_SUBPROTOCOL, type NativeHeader } from "../../codecs/wire/native-v1.js";
import { browserChance } from "./browser-chance.js";
import { ClientSocket } from "./client-socket.js";
import type { ClientTime, OpenSocket } from "./media-client.js";
import { isWorthRetrying, retryDelayMs } from "./retry.js";

/** How long the frames of a trunk wait for others to share their message. */
const packMs = 2;

/** A call on the connection. */
export type ConnectionCall = {
  readonly streamId: number;
  /** How long the call waits for the connection to come back; 0: its loss ends the call. */
  readonly waitMs: number;
  /** The connection is open, for the first time or again. */
  connected(channel: NativeChannel): void;
  /** It is lost, and will be opened again. */
  lost(code: number, reason: string): void;
  /** The call has no connection any more. Told once. */
  gone(code: number, reason: string): void;
  audio(stream: NativeStream, header: NativeHeader, message: Uint8Array, samples: number): void;
  control(message: ControlMessage, header: NativeHeader): void;
  /** Something went wrong with the connection as a whole. */
  failed(error: EngineError): void;
};

export type NativeConnectionOptions = {
  readonly url: string;
  readonly socket: OpenSocket;
  readonly time: ClientTime;
  /** Streams that we take; more than one makes it a trunk to the engine. */
  readonly streamsMax: number;
  /** Nothing came for so long, not even an answer to a ping: the connection is lost. */
  readonly quietMsMax: number;
  readonly rng?: Rng | undefined;
  /** The connection is over; all calls were told. */
  readonly over?: (code: number, reason: string) => void;
};

export class NativeConnection implements NativeReceiver {
  readonly #options: NativeConnectionOptions;
  readonly #calls = new Map<number, ConnectionCall>();
  #socket!: ClientSocket;
  #channel: NativeChannel | undefined;
  #attempt = 0;
  #lostAtMs: number | undefined;
  #heardMs = 0;
  #timer: Timer | undefined;
  #isOver = false;

  constructor(options: NativeConnectionOptions) {
    this.#options = options;
    this.#open();
  }

  get callCount(): number {
    return this.#calls.size;
  }

  /** Streams that the engine takes; undefined while it has not said. */
  get peerStreamsMax(): number | undefined {
    return this.#channel?.peerLimits?.streamsMax;
  }

  /** Whether a frame sent now would arrive in time to be of use. */
  get isFlowing(): boolean {
    return this.#channel !== undefined && this.#socket.isFlowing;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Puts a call on the connection. */
  add(call: ConnectionCall): void {
    this.#calls.set(call.streamId, call);
    if (this.#channel !== undefined) call.connected(this.#channel);
  }

  /** Takes a call off; nothing more is told to it. */
  remove(streamId: number): void {
    this.#calls.delete(streamId);
    this.#channel?.streams.delete(streamId);
  }

  /** A call is under way on it: only now it is sure that the engine is there again. */
  settled(): void {
    this.#attempt = 0;
    this.#lostAtMs = undefined;
  }

  /** Closes for good. Calls that are on it are told when the connection is closed. */
  close(code: number, reason: string): void {
    if (this.#isOver) return;
    const isWaiting = this.#lostAtMs !== undefined && this.#channel === undefined;
    if (isWaiting) this.#socket.abandon();
    else this.#socket.close(code, reason);
    if (isWaiting) this.#finish(code, reason);
  }

  audio(stream: NativeStream, header: NativeHeader, message: Uint8Array, samples: number): void {
    this.#calls.get(stream.id)?.audio(stream, header, message, samples);
  }

  control(message: ControlMessage, header: NativeHeader, stream: NativeStream | undefined): void {
    if (stream !== undefined) return this.#calls.get(stream.id)?.control(message, header);
    switch (message.name) {
      case "ping":
        return this.#channel!.sendControl("pong", undefined, message.body);
      case "error": {
        const { code, message: text, detail } = message.body;
        this.#failed(new EngineError(code, text, detail));
        return this.#socket.close(1000, "error");
      }
      default:
        return;
    }
  }

  #open(): void {
    const { url, socket } = this.#options;
    this.#socket = new ClientSocket({
      url,
      protocols: [NATIVE_SUBPROTOCOL],
      open: socket,
      listener: {
        error: (error) => this.#failed(error),
        closed: (code, reason) => this.#closed(code, reason),
      },
      opened: () => this.#opened(),
      message: (data) => this.#message(data),
      broken: ({ code, message, detail }) =>
        this.#channel?.sendControl("error", undefined, {
          code,
          message: message.slice(0, 1024),
          detail,
        }),
      gone: () => undefined,
    });
  }

  #opened(): void {
    const channel = new NativeChannel({
      send: (message) => this.#socket.send(message),
      limits: { ...DEFAULT_NATIVE_LIMITS, streamsMax: this.#options.streamsMax },
      agent: "voxtree-client",
      packing: this.#packing(),
    });
    this.#channel = channel;
    this.#heardMs = this.#options.time.nowMs();
    channel.sendHello();
    for (const call of [...this.#calls.values()]) call.connected(channel);
    this.#watch();
  }

  /** The frames of many calls go out together; those of a single one at once. */
  #packing(): NativePacking | undefined {
    const { streamsMax, time } = this.#options;
    if (streamsMax === 1) return undefined;
    return {
      packed: () => void time.after(packMs, () => this.#channel?.flush()),
      // A socket of a browser does not say when it is done with a message.
      isDrained: () => false,
    };
  }

  #message(data: Uint8Array | string): void {
    this.#heardMs = this.#options.time.nowMs();
    this.#channel!.receive(data, this);
  }

  /** A mobile network that is gone says nothing: who hears nothing asks, and then tries anew. */
  #watch(): void {
    const { time, quietMsMax } = this.#options;
    this.#timer = time.after(quietMsMax / 2, () => {
      const quietMs = time.nowMs() - this.#heardMs;
      if (quietMs >= quietMsMax) {
        this.#socket.abandon();
        return this.#closed(1006, `nothing came for ${quietMsMax} ms`);
      }
      if (quietMs >= quietMsMax / 2) this.#channel?.sendControl("ping", undefined, { id: 1 });
      this.#watch();
    });
  }

  #failed(error: EngineError): void {
    // What fails on the way back is tried again.
    if (this.#lostAtMs !== undefined && this.#channel === undefined) return;
    if (this.#willRetry(1006) && error.code === "CLIENT_CONNECTION") return;
    for (const call of [...this.#calls.values()]) call.failed(error);
  }

  #closed(code: number, reason: string): void {
    if (this.#isOver) return;
    const wasOpen = this.#channel !== undefined;
    this.#channel = undefined;
    this.#timer?.cancel();
    if (!this.#willRetry(code)) return this.#finish(code, reason);
    const { time, rng = browserChance } = this.#options;
    this.#lostAtMs ??= time.nowMs();
    this.#dropThoseWhoWaitedEnough(code, reason, wasOpen);
    if (this.#calls.size === 0) return this.#finish(code, reason);
    this.#timer = time.after(retryDelayMs(this.#attempt, rng), () => this.#open());
    this.#attempt += 1;
  }

  #willRetry(code: number): boolean {
    const isAwaited = [...this.#calls.values()].some(({ waitMs }) => waitMs > 0);
    return isAwaited && isWorthRetrying(code);
  }

  #dropThoseWhoWaitedEnough(code: number, reason: string, wasOpen: boolean): void {
    const waitedMs = this.#options.time.nowMs() - this.#lostAtMs!;
    for (const call of [...this.#calls.values()]) {
      if (waitedMs >= call.waitMs) {
        this.remove(call.streamId);
        call.gone(code, reason);
      } else if (wasOpen) call.lost(code, reason);
    }
  }

  #finish(code: number, reason: string): void {
    this.#isOver = true;
    this.#timer?.cancel();
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.gone(code, reason);
    this.#options.over?.(code, reason);
  }
}
