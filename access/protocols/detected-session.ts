/**
 * One path for every peer: which protocol it speaks is told by the subprotocol it offers, or by its
 * first messages. They are held until that is clear, and then go through the session of that
 * protocol like any others.
 */
import { ProtocolError } from "../../codecs/wire/protocol-error.js";
import { recognise } from "../../codecs/wire/recognise.js";
import type { MediaFigures } from "./media-figures.js";
import type {
  MediaLink,
  MediaPeer,
  MediaProtocol,
  MediaSession,
  MediaSink,
  ReadyOptions,
} from "./media-protocol.js";

/** More is no beginning of any protocol that we know. */
const heldMessagesMax = 4;
const heldBytesMax = 64 * 1024;

/** @param protocols by which a peer may turn out to speak */
export function detectedProtocol(protocols: readonly MediaProtocol[]): MediaProtocol {
  const known = protocols.filter(({ isTcp }) => isTcp !== true);
  return {
    name: "detected",
    path: "/media",
    subprotocols: known.flatMap(({ subprotocol }) => subprotocol ?? []),
    marks: "none",
    canResume: false,
    open: (send, sink, close, peer) => {
      const bySubprotocol = known.find(
        ({ subprotocol }) => subprotocol !== undefined && subprotocol === peer.subprotocol,
      );
      const open = (protocol: MediaProtocol): MediaSession =>
        protocol.open(send, sink, close, peer);
      return new DetectedSession({ known, first: bySubprotocol, open, sink, peer, close });
    },
  };
}

type Parts = {
  readonly known: readonly MediaProtocol[];
  readonly first: MediaProtocol | undefined;
  readonly open: (protocol: MediaProtocol) => MediaSession;
  readonly sink: MediaSink;
  readonly peer: MediaPeer;
  readonly close: MediaLink["close"];
};

class DetectedSession implements MediaSession {
  readonly #parts: Parts;
  #protocol: MediaProtocol | undefined;
  #session: MediaSession | undefined;
  #held: (Uint8Array | string)[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
    if (parts.first !== undefined) this.#become(parts.first);
  }

  get protocol(): MediaProtocol | undefined {
    return this.#protocol;
  }

  get isTrunk(): boolean {
    return this.#session?.isTrunk ?? false;
  }

  get closesItself(): boolean {
    return this.#session?.closesItself ?? false;
  }

  get isFull(): boolean {
    return this.#session?.isFull ?? false;
  }

  latencyMs(streamId: number): number {
    return this.#session?.latencyMs?.(streamId) ?? 0;
  }

  figures(streamId: number): MediaFigures | undefined {
    return this.#session?.figures?.(streamId);
  }

  receive(message: Uint8Array | string): void {
    if (this.#session !== undefined) return this.#session.receive(message);
    this.#hold(message);
    const name = recognise(this.#held, this.#parts.peer.query);
    const protocol = this.#parts.known.find((one) => one.name === name);
    if (protocol === undefined) return;
    const session = this.#become(protocol);
    for (const one of this.#held.splice(0)) session.receive(one);
  }

  ready(streamId: number, options?: ReadyOptions): void {
    this.#session?.ready(streamId, options);
  }

  sendFrame(streamId: number, payload: Uint8Array, utterance: number): void {
    this.#session?.sendFrame(streamId, payload, utterance);
  }

  sendMark(streamId: number, name: string): void {
    this.#session?.sendMark(streamId, name);
  }

  sendClear(streamId: number, utterance: number): void {
    this.#session?.sendClear(streamId, utterance);
  }

  flush(): void {
    this.#session?.flush?.();
  }

  hangup(streamId: number, reason: string): void {
    if (this.#session === undefined) this.#parts.close(1000, reason);
    else this.#session.hangup(streamId, reason);
  }

  release(streamId: number, reason: string): void {
    this.#session?.release?.(streamId, reason);
  }

  closed(code?: number): void {
    this.#held = [];
    this.#session?.closed(code);
  }

  #become(protocol: MediaProtocol): MediaSession {
    this.#protocol = protocol;
    this.#session = this.#parts.open(protocol);
    return this.#session;
  }

  /** A driver's message is valid during the call only. */
  #hold(message: Uint8Array | string): void {
    this.#held.push(typeof message === "string" ? message : new Uint8Array(message));
    const bytes = this.#held.reduce((sum, { length }) => sum + length, 0);
    if (this.#held.length <= heldMessagesMax && bytes <= heldBytesMax) return;
    this.#held = [];
    const names = this.#parts.known.map(({ name }) => name).join(", ");
    throw new ProtocolError(
      "PROTOCOL_ORDER",
      `no protocol begins like this; there are ${names}, each also at a path of its own`,
    );
  }
}
