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

/** What the engine told the peer in text. */
export type BinaryOrder =
  | { readonly kind: "mark"; readonly name: string }
  | { readonly kind: "clear" }
  | { readonly kind: "hangup" }
  /** Answer with this at once. */
  | { readonly kind: "answer"; readonly text: string }
  | { readonly kind: "other" };

/** How a peer writes what it sends, and reads what it gets. */
export type BinaryPeer = {
  readonly format: AudioFormat;
  readonly subprotocol?: string;
  readonly isInUrl: boolean;
  readonly start: (call: { readonly callId: string; readonly token: string }) => string;
  readonly dtmf: (digit: string) => string;
  readonly mark: (name: string) => string;
  /** Said of a mark that a clear dropped, by peers that say so. */
  readonly droppedMark?: (name: string) => string;
  readonly read: (text: string) => BinaryOrder;
};

const frameMs = 20;
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
    this.#socket.send(payload);
  }

  sendDtmf(digit: string): void {
    if (!this.#isOver && this.#isStarted) this.#socket.send(this.#peer.dtmf(digit));
  }

  /** None of these peers has a word for a hang-up: they close. */
  hangup(): void {
    if (this.#isOver) return;
    this.#end();
    this.#socket.close(1000, "hangup");
  }

  #start(): void {
    this.#socket.send(this.#peer.start(this.#options));
    this.#isStarted = true;
    this.#options.listener.ready?.({ isResumed: false });
  }

  #receive(data: Uint8Array | string): void {
    if (this.#isOver) return;
    if (typeof data === "string") this.#order(this.#peer.read(data));
    else this.#media(data);
  }

  #order(order: BinaryOrder): void {
    switch (order.kind) {
      case "mark":
        return this.#buffer.pushMark(order.name, 0);
      case "clear":
        return this.#clear();
      case "answer":
        return this.#socket.send(order.text);
      case "hangup":
        this.#end();
        this.#options.listener.hangup?.("hangup");
        return this.#socket.close(1000, "hangup");
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
  }

  #markReached(name: string): void {
    this.#socket.send(this.#peer.mark(name));
    this.#options.listener.mark?.(name);
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
