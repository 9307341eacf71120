/**
 * What a voice is to the code that all of them share. A vendor's file holds the words of its
 * protocol and nothing else: connections, deadlines, rates, silence and fail-over are the same
 * for everybody.
 */
import type { PcmAudio, SynthesisCode } from "../synthesizer.js";

/** A sentence or so, as one vendor is asked for it. */
export type VoicePiece = {
  /** Without markup. */
  readonly text: string;
  /** The same with markup, as the content of a `speak` element; for voices that take it. */
  readonly ssml?: string;
  /** By the vendor's own name. */
  readonly voice: string;
  /** BCP 47. */
  readonly language: string;
  /** Multiplies the speed of speech: 0.5 to 2. */
  readonly speed: number;
  /** Multiplies the pitch: 0.5 to 2. Ignored by voices that cannot. */
  readonly pitch: number;
};

/** Where the speech of a piece goes. Nothing has an effect once it is over. */
export interface PieceSink {
  audio(audio: PcmAudio): void;
  end(): void;
  fail(code: SynthesisCode, message: string, detail?: Readonly<Record<string, unknown>>): void;
}

/** A piece that is being spoken. */
export type SpokenPiece = { cancel(): void };

/** One vendor with its settings and its connections. */
export interface VoiceLine {
  /** Whether it reads markup itself. */
  readonly takesSsml: boolean;
  /** Never throws, and never calls `sink` before it has returned. */
  speak(piece: VoicePiece, sink: PieceSink): SpokenPiece;
  /** Closes connections that nobody uses. */
  close(): void;
}

/** Bytes of a body → samples. */
export interface AudioDecoder {
  /**
   * Takes any number of bytes; what is no whole sample yet waits for the next ones.
   *
   * @returns samples that are the caller's; undefined while there are none
   * @throws {SynthesisError} `SYNTHESIS_PROTOCOL`
   */
  push(bytes: Uint8Array): PcmAudio | undefined;
}

/** What an HTTP request of a vendor is. */
export type VoiceRequest = {
  readonly url: string;
  /** May hold credentials: never log them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** A vendor that answers one HTTP request with the speech of a piece. */
export interface HttpVoice {
  readonly takesSsml: boolean;
  /** Where a token must be fetched before, the request for it. */
  readonly token?: {
    readonly request: VoiceRequest;
    /** @returns undefined when there is no token in the answer */
    read(fields: Readonly<Record<string, unknown>>): { token: string; validMs: number } | undefined;
  };
  request(piece: VoicePiece, token: string): VoiceRequest;
  /** Reads a body that is audio by its `contentType`, in lower case. */
  decoder(contentType: string): AudioDecoder;
}
