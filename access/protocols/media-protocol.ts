/**
 * The port of media protocols: how a peer's messages become streams of audio with keys and marks,
 * and back. One file of pure parsing per protocol in `codecs/wire/`, one of session state here.
 */
import type { Timer } from "../../base/ports.js";
import type { NativePacking } from "../../codecs/wire/native-channel.js";
import type { AudioFormat } from "../../codecs/audio/audio-codec.js";

import type { MediaFigures } from "./media-figures.js";
import type { OpusChange } from "./opus-leg.js";
import type { ProtocolError } from "../../codecs/wire/protocol-error.js";

/** A stream that its peer wants to start. */
export type StreamStart = {
  /** 1 or more, unique on its connection. */
  readonly streamId: number;
  /** Both directions. */
  readonly format: AudioFormat;
  /** Length of every frame that `frame` hands on and `sendFrame` takes. */
  readonly frameMs: number;
  readonly callId?: string;
  /** Secret: never logged. */
  readonly token?: string;
  /** Names the call and admits it in one, for protocols with room for no more. Secret. */
  readonly ticket?: string;
  /** The word of an earlier `ready`, when a lost connection is to be taken up. Secret. */
  readonly resume?: string;
  /** With `resume`: media time up to which our audio arrived, its lowest 32 bits. */
  readonly receivedTime?: number;
  /** What else the peer said; may hold personal data. Without call id and token. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The peer's own names for the call, e.g. `callSid`. */
  readonly peerIds: Readonly<Record<string, string>>;
};

/** How sure a returned mark is; carriers return the marks of cleared audio like played ones. */
export type MarkCertainty = "played" | "playedOrCleared";

/** Who takes what a session receives. Called synchronously from `receive` and `closed`. */
export interface MediaSink {
  started(start: StreamStart): void;
  /**
   * One frame of the stream's format and length.
   *
   * @param payload a view that is valid during the call only
   * @param mediaSamples samples of the stream before this frame; never falls, jumps over gaps
   */
  frame(streamId: number, payload: Uint8Array, mediaSamples: number): void;
  /** One key: 0-9 * # A-D. Personal data. */
  dtmf(streamId: number, digit: string): void;
  /** A mark came back: the peer played what was sent before it, or, unsure, dropped it. */
  markReached(streamId: number, name: string, certainty: MarkCertainty): void;
  /** A stream broke a rule and is over; the others on its connection go on. `ended` follows. */
  broken?(streamId: number, error: ProtocolError): void;
  /** A stream whose peer had no room for our audio has some again: see `isFull`. */
  room?(streamId: number): void;
  /** More or less of our sound is sent from here on, since the link changed. */
  rateChanged?(streamId: number, change: OpusChange): void;
  /** The peer has surely read the `ready` of this stream: it has its resume token. */
  confirmed?(streamId: number): void;
  /** The peer hung up, or the connection is gone. Told at most once; not after our own hang-up. */
  ended(streamId: number, reason: string): void;
}

/** What `ready` may tell a peer whose protocol can resume. */
export type ReadyOptions = {
  /** Secret for the next connection. */
  readonly resume?: string;
  /** How long we wait for it when this one is lost. */
  readonly resumeMs?: number;
  readonly isResumed?: boolean;
  /** Of a resumed stream: where it goes on, in full media time of our audio. Default 0. */
  readonly sentSamples?: number;
  /** Full media time up to which the peer's audio arrived on earlier connections. */
  readonly receivedSamples?: number;
  /** Keys that arrived on earlier connections. */
  readonly keys?: number;
};

/** The protocol's state on one connection. */
export interface MediaSession {
  /**
   * Takes one message.
   *
   * @throws {ProtocolError} `PROTOCOL_*`: close the connection; the session takes nothing more.
   */
  receive(message: Uint8Array | string): void;
  /** Tells the peer that its stream was taken, if the protocol has a word for it. */
  ready(streamId: number, options?: ReadyOptions): void;
  /**
   * Sends one frame of the stream's format and length. The payload is copied. Frames of utterances
   * that were cleared already are dropped, and so is what belongs to a stream that ended.
   *
   * @param utterance number of the utterance, 1 or more, 0 for none
   */
  sendFrame(streamId: number, payload: Uint8Array, utterance: number): void;
  /** Asks the peer to say when all audio sent so far was played. */
  sendMark(streamId: number, name: string): void;
  /** Makes the peer drop what it has of utterances up to and including this one. */
  sendClear(streamId: number, utterance: number): void;
  /** What is known of the line, where that is more than nothing. */
  figures?(streamId: number): MediaFigures | undefined;
  /** Sends what is packed: see `MediaPeer.packing`. */
  flush?(): void;
  /** Many calls may come and go on the connection: it stays when the last one ends. */
  readonly isTrunk?: boolean;
  /** It says goodbye and closes the connection by itself when its stream is over. */
  readonly closesItself?: boolean;
  /** The peer has no room for our audio now; `room` of the sink follows. */
  readonly isFull?: boolean;
  /** How much later than we think our audio sounds, since the peer gets it in longer pieces. */
  latencyMs?(streamId: number): number;
  /** Where the first messages told which protocol the peer speaks: that one. */
  readonly protocol?: MediaProtocol | undefined;
  /** Ends the call on our side. */
  hangup(streamId: number, reason: string): void;
  /**
   * Where the protocol can resume: lets go of a stream that goes on on another connection. No end
   * of it is told, and the peer, if it is still there, is sent away with the reason.
   */
  release?(streamId: number, reason: string): void;
  /**
   * The connection is gone: every open stream ends.
   *
   * @param code close code that either side gave; some protocols hang up that way. Default 1006
   */
  closed(code?: number): void;
}

/** What a session needs of its connection. */
export type MediaLink = {
  /** The connection owns the message from here on. */
  send(message: Uint8Array | string): void;
  /** Closes the connection: some protocols hang up that way. */
  close(code: number, reason: string): void;
};

/** What else a session may know of its connection. */
export type MediaPeer = {
  /** Query of its URL, without the question mark. */
  readonly query: string;
  /** Subprotocol that was agreed on, if any. */
  readonly subprotocol?: string;
  /** Monotonic time, for protocols whose audio carries none. */
  nowMs(): number;
  /** Runs something later, for protocols that keep a line alive, or wait for a goodbye. */
  after(delayMs: number, run: () => void): Timer;
  /** Bytes that wait to be sent: how well the link flows. */
  queuedBytes?(): number;
  /** For protocols that can put many frames into one message; without it they send at once. */
  readonly packing?: NativePacking;
};

export interface MediaProtocol {
  /** For logs and records, e.g. `native-v1`. */
  readonly name: string;
  /** The path that clients connect to. */
  readonly path: string;
  /** Its connections are plain TCP: nobody upgrades to it. */
  readonly isTcp?: boolean;
  /** How far ahead of its time a frame may go to it, where that is less than usual. */
  readonly leadMs?: number;
  /** WebSocket subprotocol that clients should offer. */
  readonly subprotocol?: string;
  /** Several that clients may offer, where one path is for several protocols. */
  readonly subprotocols?: readonly string[];
  /** What a returned mark means; `playedOrCleared` only for marks open when a clear was sent. */
  readonly marks: "played" | "playedOrCleared" | "none";
  /** Whether a client that lost its connection can take its call up on another one. */
  readonly canResume: boolean;
  /** A session for a new connection. */
  open(
    send: MediaLink["send"],
    sink: MediaSink,
    close: MediaLink["close"],
    peer: MediaPeer,
  ): MediaSession;
}
