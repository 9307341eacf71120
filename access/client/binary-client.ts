/**
 * The far side of a media stream with binary audio and control in text, for tests and benches. It
 * does what such peers do with our audio: cuts it into frames, plays one every 20 ms, says when the
 * queue comes to a mark, and drops the queue when told to clear. How a peer spells that is its
 * dialect.
 */
import { frameBytes, type AudioFormat } from "../../codecs/audio/audio-codec.js";
import { browserTime } from "./browser-time.js";
import { wrongLength } from "./client-errors.js";
import { ClientSocket } from "./client-socket.js";
import type { ClientTime, MediaClient, MediaClientListener, OpenSocket } from "./media-client.js";
import { PlayoutBuffer } from "./playout-buffer.js";

export type BinaryClientOptions = {
  /** Call id and token are added to its query where the dialect has no other place. */
  readonly url: string;
  readonly callId: string;
  /** Secret that admits this call. */
  readonly token: string;
  readonly socket: OpenSocket;
  readonly listener: MediaClientListener;
  readonly time?: ClientTime;
};

/** What the engine told the peer. */
export type BinaryOrder =
  | { readonly kind: "audio"; readonly payload: Uint8Array }
  /** The engine has opened the stream: by peers that wait for it. */
  | { readonly kind: "ready" }
  | { readonly kind: "mark"; readonly name: string }
  | { readonly kind: "clear" }
  | { readonly kind: "hangup" }
  /** Answer with this at once. */
  | { readonly kind: "answer"; readonly text: string }
  /** Both have said goodbye. */
  | { readonly kind: "close" }
  | { readonly kind: "other" };

/** How a peer writes what it sends, and reads what it gets. */
export type BinaryPeer = {
  readonly format: AudioFormat;
  readonly subprotocol?: string;
  readonly isInUrl: boolean;
  readonly start: (call: { readonly callId: string; readonly token: string }) => Message;
  readonly dtmf: (digit: string) => Message;
  /** Left out by peers that say nothing of marks. */
  readonly mark?: (name: string) => string;
  /** Said of a mark that a clear dropped, by peers that say so. */
  readonly droppedMark?: (name: string) => string;
  /** Said when all audio has sounded, by peers that say that. */
  readonly playedOut?: () => string;
  /** Reads a text, and binary messages too where `wrap` is there. */
  readonly read: (message: Message) => BinaryOrder;
  /** Makes a message of a frame, by peers whose audio is not bare. */
  readonly wrap?: (frame: Uint8Array) => Message;
  /** Said before it closes, by peers that have a word for a hang-up. */
  readonly hangup?: () => Message;
  /** The engine opens the stream: until then there is none. */
  readonly waitsForReady?: boolean;
};

type Message = Uint8Array | string;

const frameMs = 20;
/** A mark of our own behind each message of audio. */
const playedOut = "\u0000played";
/** Twenty seconds: peers drop what comes on top of that. */
const framesMax = 1000;
/** One frame is always on its way between the queue and the phone. */
const jitterMs = 20;

/** Connects and starts the stream as the peer would. */
export function connectBinaryClient(options: BinaryClientOptions, peer: BinaryPeer): MediaClient {
  return new BinaryClient(options, peer);
}

class BinaryClient implements MediaClient {
  readonly format: AudioFormat;
  readonly frameMs = frameMs;
  readonly frameBytes: number;
  readonly #options: BinaryClientOptions;
  readonly #peer: BinaryPeer;
  readonly #time: ClientTime;
  readonly #socket: ClientSocket;
  readonly #buffer: PlayoutBuffer;
  #receivedBytes = 0;
  #isStarted = false;
  #isOver = false;

  constructor(options: BinaryClientOptions, peer: BinaryPeer) {
    const { callId, token, url } = options;
    this.#options = options;
    this.#peer = peer;
    this.#time = options.time ?? browserTime;
    this.format = peer.format;
    this.frameBytes = frameBytes(this.format, frameMs);
    this.#buffer = new PlayoutBuffer({
      time: this.#time,
      jitterMs,
      framesMax,
      played: (frame) => options.listener.played?.(frame),
      markReached: (name) => this.#markReached(name),
    });
    const query = new URLSearchParams({ callId, token }).toString();
    this.#socket = new ClientSocket({
      url: peer.isInUrl ? `${url}?${query}` : url,
      protocols: peer.subprotocol === undefined ? [] : [peer.subprotocol],
      open: options.socket,
      listener: options.listener,
      opened: () => this.#start(),
      message: (data) => this.#receive(data),
      gone: (code) => this.#gone(code),
    });
  }

  sendFrame(payload: Uint8Array): void {
    if (payload.length !== this.frameBytes) throw wrongLength(payload.length, this.frameBytes);
    if (this.#isOver || !this.#isStarted || !this.#socket.isFlowing) return;
    this.#socket.send(this.#peer.wrap?.(payload) ?? payload);
  }

  sendDtmf(digit: string): void {
    if (!this.#isOver && this.#isStarted) this.#socket.send(this.#peer.dtmf(digit));
  }

  /** Most of these peers have no word for it: they close. */
  hangup(): void {
    if (this.#isOver) return;
    this.#end();
    const { hangup, waitsForReady } = this.#peer;
    if (hangup !== undefined) this.#socket.send(hangup());
    // A peer that both sides must agree with is answered first.
    if (waitsForReady !== true) this.#socket.close(1000, "hangup");
  }

  #start(): void {
    this.#socket.send(this.#peer.start(this.#options));
    if (this.#peer.waitsForReady !== true) this.#ready();
  }

  #ready(): void {
    this.#isStarted = true;
    this.#options.listener.ready?.({ isResumed: false });
  }

  #receive(data: Uint8Array | string): void {
    const isOrder = typeof data === "string" || this.#peer.wrap !== undefined;
    const order: BinaryOrder = isOrder ? this.#peer.read(data) : { kind: "audio", payload: data };
    if (order.kind === "close") this.#socket.close(1000, "closed");
    else if (!this.#isOver) this.#order(order);
  }

  #order(order: BinaryOrder): void {
    switch (order.kind) {
      case "audio":
        return this.#media(order.payload);
      case "ready":
        return this.#ready();
      case "mark":
        return this.#buffer.pushMark(order.name, 0);
      case "clear":
        return this.#clear();
      case "answer":
        return this.#socket.send(order.text);
      case "hangup":
        this.#options.listener.hangup?.("hangup");
        return this.hangup();
      case "close":
      case "other":
        return;
    }
  }

  #clear(): void {
    const { frames, marks } = this.#buffer.clear(0);
    const atMs = this.#time.nowMs();
    this.#options.listener.clear?.({ utterance: 0, droppedFrames: frames, atMs });
    const { droppedMark } = this.#peer;
    if (droppedMark === undefined) return;
    for (const name of marks) this.#socket.send(droppedMark(name));
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
    if (this.#peer.playedOut !== undefined) this.#buffer.pushMark(playedOut, 0);
  }

  #markReached(name: string): void {
    const isOut = name === playedOut;
    if (isOut && this.#buffer.waitingFrames > 0) return;
    const text = isOut ? this.#peer.playedOut!() : this.#peer.mark?.(name);
    if (text !== undefined) this.#socket.send(text);
    if (!isOut) this.#options.listener.mark?.(name);
  }

  /** Without a word before it, the close is the hang-up. */
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
