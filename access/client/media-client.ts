/**
 * What a media client is, whatever protocol it speaks: the far end of a call. It hears our audio
 * through a playout buffer like a phone does, so that it can tell when each frame arrived and when
 * it would have sounded. Nothing here or beside it needs Node: it runs in a browser.
 */
import type { EngineError } from "../../base/errors.js";
import type { Clock, Scheduler } from "../../base/ports.js";
import type { AudioFormat } from "../../codecs/audio/audio-codec.js";
import type { OpusRate } from "../../codecs/audio/opus-line.js";

/** A frame of our audio as it came in. The payload belongs to the listener. */
export type ReceivedFrame = {
  readonly payload: Uint8Array;
  /** How long it sounds. */
  readonly durationMs: number;
  /** Utterance it belongs to; 0 when the protocol does not say. */
  readonly utterance: number;
  /** Media time at its start, in samples. */
  readonly mediaSamples: number;
  /** Monotonic time of arrival. */
  readonly arrivedMs: number;
};

/** A frame that sounds from `playedMs` on, for its duration. */
export type PlayedFrame = ReceivedFrame & { readonly playedMs: number };

/** The engine dropped audio: an interruption. */
export type ClearEvent = {
  /** Everything up to it was dropped; 0 when the protocol drops all without a number. */
  readonly utterance: number;
  /** Frames that had arrived and now never sound. */
  readonly droppedFrames: number;
  readonly atMs: number;
};

/** Word that the engine took the call. */
export type ReadyEvent = {
  readonly isResumed: boolean;
  /** Secret for another client to take the call up with, should this one be lost. */
  readonly resume?: string;
};

/** The connection was lost and is there again; the call went on. */
export type ResumedEvent = {
  /** How long there was none. */
  readonly gapMs: number;
  /** The secret from here on. */
  readonly resume?: string;
};

/** What a client tells its owner. All are optional but they come in this order. */
export type MediaClientListener = {
  ready?(event: ReadyEvent): void;
  /** The connection is lost; the client tries to get another one. `resumed` or `closed` follows. */
  lost?(code: number, reason: string): void;
  resumed?(event: ResumedEvent): void;
  /** A frame arrived; it may still be dropped by a clear. */
  frame?(frame: ReceivedFrame): void;
  /** A frame begins to sound. */
  played?(frame: PlayedFrame): void;
  clear?(event: ClearEvent): void;
  /** The audio before this mark has sounded (or, with Twilio, was dropped); the engine was told. */
  mark?(name: string): void;
  /** Its link has changed: our speech goes out at this rate from here on, without our doing. */
  rateAsked?(rate: OpusRate): void;
  /** The engine hung up. */
  hangup?(reason: string): void;
  /** Something went wrong; the connection closes. */
  error?(error: EngineError): void;
  /** The call has no connection any more: told exactly once, last of all. */
  closed?(code: number, reason: string): void;
};

/** The far end of one call. */
export interface MediaClient {
  readonly format: AudioFormat;
  readonly frameMs: number;
  /** Bytes of every frame that is sent. */
  readonly frameBytes: number;
  /**
   * Sends one frame of speech; copies it. Media time follows the clock over pauses, so a caller
   * may send only while there is something to hear. Does nothing before `ready` could come, once
   * the call is over, and while the network is clogged: late speech is worse than none. While the
   * connection is lost the newest frames are kept, and sent when it is there again.
   *
   * @param dueMs when it should have been sent: earlier than now where the owner's timer was late,
   *   so that frames which are made up for do not look like a pause. Default now
   * @throws {EngineError} `CLIENT_FRAME_LENGTH`
   */
  sendFrame(payload: Uint8Array, dueMs?: number): void;
  /** Presses a key: 0-9 * # A-D. It arrives once, also when the connection is lost meanwhile. */
  sendDtmf(digit: string): void;
  /** Hangs up and closes the connection. */
  hangup(reason?: string): void;
}

/** The time a client lives in. */
export type ClientTime = Pick<Clock, "nowMs"> & Pick<Scheduler, "after">;

/** The part of a WebSocket that a client uses: a browser's own, or `ws`. */
export type SocketLike = {
  binaryType: string;
  readonly bufferedAmount: number;
  onopen: Handler<unknown> | null;
  onmessage: Handler<{ readonly data: unknown }> | null;
  onerror: Handler<unknown> | null;
  onclose: Handler<{ readonly code: number; readonly reason: string }> | null;
  send(data: Uint8Array | string): void;
  close(code?: number, reason?: string): void;
};

/** A method's parameters compare both ways, so that every WebSocket type fits. */
type Handler<Event> = { take(event: Event): void }["take"];

/** Opens a socket, e.g. `(url, protocols) => new WebSocket(url, protocols)`. */
export type OpenSocket = (url: string, protocols: readonly string[]) => SocketLike;

/**
 * Close code of a client that found the engine's messages broken: a browser may not send 1002.
 */
export const CLOSE_PROTOCOL_ERROR = 4002;
