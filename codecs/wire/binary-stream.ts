/**
 * What media streams with binary audio and JSON control have in common (Asterisk, Vonage, jambonz,
 * FreeSWITCH's `mod_audio_fork`). Each peer's file reads its own spelling into these words. Pure.
 */
import type { AudioFormat } from "../audio/audio-codec.js";

/** A control message of a peer. What we do not know, or need not, is `ignored`. */
export type BinaryStreamMessage =
  | BinaryStreamStart
  | { readonly event: "dtmf"; readonly digit: string }
  /** A mark of ours came back: it was played, or dropped by a clear. */
  | { readonly event: "mark"; readonly name: string; readonly isPlayed: boolean }
  /** Our audio fills the peer's queue: stop sending, or go on. */
  | { readonly event: "full" }
  | { readonly event: "room" }
  | { readonly event: "ignored" };

export type BinaryStreamStart = {
  readonly event: "start";
  /** Of both directions. */
  readonly format: AudioFormat;
  readonly writer: BinaryStreamWriter;
  readonly parameters: Readonly<Record<string, string>>;
  /** The peer's own names for the call. */
  readonly peerIds: Readonly<Record<string, string>>;
};

/** Our control messages to one peer; the audio between them is binary, if not said otherwise. */
export type BinaryStreamWriter = {
  /** @param name comes back with the mark. Left out by peers that know none: the clock says. */
  mark?(name: string): string;
  /** In this order. */
  clear(): readonly string[];
  /** A piece of audio, by peers that want it wrapped. */
  media?(payload: Uint8Array): string;
  /** Said before we close, if anything. */
  hangup?(): string;
};
