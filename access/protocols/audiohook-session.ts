/**
 * Genesys AudioHook and Audio Connector, the engine's end. Call and token are named by the input
 * variables `callId` and `token`, or in the query of the URL.
 *
 * Both sides number their messages. Genesys says when our audio has sounded to its end, not which
 * piece: a mark is returned when that comes, and its audio has had the time to sound. Our hang-up
 * is a word; Genesys closes then, and we confirm.
 *
 * @see https://developer.genesys.cloud/devapps/audiohook/protocol-reference
 */
import { codecOf, frameBytes } from "../../codecs/audio/audio-codec.js";
import {
  AUDIOHOOK_PIECE_MS,
  audioHookText,
  mediaOffer,
  parseAudioHook,
  type AudioHookEvent,
  type AudioHookMedia,
  type AudioHookMessage,
} from "../../codecs/wire/audiohook.js";
import { ProtocolError } from "../../codecs/wire/protocol-error.js";
import type { MediaProtocol, MediaSession } from "./media-protocol.js";
import { PieceJoiner } from "./piece-joiner.js";
import { frameMs, SingleStream, type SessionParts } from "./single-stream.js";

/** How long Genesys may take to close after a goodbye. */
const goodbyeMsMax = 2000;
/** Our clock and the one that plays may differ by so much. */
const soonerMsMax = 60;

/** The AudioHook protocol for the gateway. */
export function audioHookProtocol(): MediaProtocol {
  return {
    name: "audiohook",
    path: "/media/audiohook",
    marks: "played",
    canResume: false,
    open: (send, sink, close, peer) => new AudioHookSession({ link: { send, close }, sink, peer }),
  };
}

/** What begins with `open`. */
type Line = {
  readonly media: AudioHookMedia;
  readonly joiner: PieceJoiner;
  readonly isProbe: boolean;
};

/** A mark, and when all before it can have sounded at the earliest. */
type Mark = { readonly name: string; readonly endMs: number };

class AudioHookSession implements MediaSession {
  readonly closesItself = true;
  readonly #parts: SessionParts;
  readonly #stream: SingleStream;
  #id: string | undefined;
  #seq = 0;
  #clientSeq = 0;
  #line: Line | undefined;
  #marks: Mark[] = [];
  /** When what we sent will have sounded. */
  #endMs = 0;
  #isOpened = false;
  /** A goodbye was said: only the peer's is awaited. */
  #isLeaving = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#stream = new SingleStream(parts, "dropped");
  }

  latencyMs(): number {
    return AUDIOHOOK_PIECE_MS - frameMs;
  }

  receive(message: Uint8Array | string): void {
    if (this.#isLeaving) return this.#awaitClose(message);
    this.#stream.receive(message, this.#take);
  }

  ready(): void {
    if (this.#line === undefined || this.#isOpened || this.#isLeaving) return;
    this.#isOpened = true;
    this.#say("opened", { media: [mediaOffer(this.#line.media)] });
  }

  sendFrame(_streamId: number, payload: Uint8Array, utterance: number): void {
    if (this.#stream.lets(payload, utterance)) this.#sendPiece(this.#line!.joiner.add(payload));
  }

  sendMark(_streamId: number, name: string): void {
    if (!this.#stream.isLive) return;
    this.#sendPiece(this.#line!.joiner.rest());
    this.#stream.addMark(name);
    this.#marks.push({ name, endMs: this.#endMs });
  }

  sendClear(_streamId: number, utterance: number): void {
    if (!this.#stream.isLive) return;
    this.#stream.clear(utterance);
    this.#line!.joiner.reset();
    this.#marks = [];
    this.#endMs = 0;
    this.#say("event", { entities: [{ type: "barge_in", data: {} }] });
  }

  hangup(_streamId: number, reason: string): void {
    if (!this.#stream.leave()) return;
    this.#leave("disconnect", { reason: "completed", info: reason });
  }

  closed(code?: number): void {
    this.#isLeaving = true;
    this.#stream.closed(code);
  }

  readonly #take = (message: Uint8Array | string): void => {
    if (typeof message !== "string") return this.#audio(message);
    const parsed = parseAudioHook(message);
    this.#follow(parsed);
    this.#event(parsed.said);
  };

  #event(said: AudioHookEvent): void {
    if (said.event === "open") return this.#open(said);
    if (this.#line === undefined) {
      throw new ProtocolError("PROTOCOL_ORDER", `${said.event} came before open, open is right`);
    }
    switch (said.event) {
      case "ping":
        return this.#say("pong", {});
      case "close":
        this.#leave("closed", {});
        return this.#stream.end("hangup");
      case "dtmf":
        return this.#stream.key(said.digit);
      case "discarded":
        return this.#stream.skip(said.lengthMs);
      case "playbackCompleted":
        return this.#soundedOut();
      case "ignored":
        return;
    }
  }

  #open({ media, parameters, peerIds, isProbe }: Extract<AudioHookEvent, { event: "open" }>): void {
    if (this.#line === undefined) {
      const pieceBytes = frameBytes(media.format, AUDIOHOOK_PIECE_MS);
      const joiner = new PieceJoiner(pieceBytes, codecOf(media.format.codec).silence);
      this.#line = { media, joiner, isProbe };
      if (isProbe) return this.ready();
    }
    this.#stream.start({ format: media.format, parameters, peerIds });
  }

  /** What we are sent is the call's two sides, sample by sample; the callee is external. */
  #audio(message: Uint8Array): void {
    const line = this.#line;
    if (line === undefined || line.isProbe) return;
    const { format, channels } = line.media;
    const payload = new Uint8Array(message.buffer, message.byteOffset, message.length);
    if (channels.length === 1) return this.#stream.audio(payload);
    const { bytesPerSample } = codecOf(format.codec);
    this.#stream.audio(channelOf(payload, channels.indexOf("external"), bytesPerSample));
  }

  #sendPiece(piece: Uint8Array | undefined): void {
    if (piece === undefined) return;
    const nowMs = this.#parts.peer.nowMs();
    this.#endMs = Math.max(this.#endMs, nowMs) + this.#stream.lengthMs(piece.length);
    this.#parts.link.send(new Uint8Array(piece));
  }

  /** A word that comes sooner than our audio can have sounded is about what was before. */
  #soundedOut(): void {
    const nowMs = this.#parts.peer.nowMs() + soonerMsMax;
    const sounded = this.#marks.filter(({ endMs }) => endMs <= nowMs);
    this.#marks = this.#marks.filter(({ endMs }) => endMs > nowMs);
    for (const { name } of sounded) this.#stream.markReturned(name);
  }

  /** @throws {ProtocolError} `PROTOCOL_STREAM`, `PROTOCOL_SEQUENCE` */
  #follow({ id, seq, serverSeq }: AudioHookMessage): void {
    this.#id ??= id;
    if (id !== this.#id) {
      throw new ProtocolError("PROTOCOL_STREAM", `message.id is ${id}, ${this.#id} is right`);
    }
    if (seq !== this.#clientSeq + 1 || serverSeq > this.#seq) {
      throw new ProtocolError(
        "PROTOCOL_SEQUENCE",
        `message.seq is ${seq} and serverseq ${serverSeq}, ` +
          `${this.#clientSeq + 1} and at most ${this.#seq} is right`,
        { seq, serverSeq },
      );
    }
    this.#clientSeq = seq;
  }

  #awaitClose(message: Uint8Array | string): void {
    if (typeof message !== "string") return;
    const parsed = parseAudioHook(message);
    this.#clientSeq = parsed.seq;
    if (parsed.said.event !== "close") return;
    this.#say("closed", {});
    this.#parts.link.close(1000, "closed");
  }

  #leave(word: string, parameters: Readonly<Record<string, unknown>>): void {
    this.#isLeaving = true;
    this.#say(word, parameters);
    this.#parts.peer.after(goodbyeMsMax, () => this.#parts.link.close(1000, word));
  }

  #say(type: string, parameters: Readonly<Record<string, unknown>>): void {
    this.#seq += 1;
    const place = { id: this.#id ?? "", seq: this.#seq, clientSeq: this.#clientSeq };
    this.#parts.link.send(audioHookText(type, place, parameters));
  }
}

function channelOf(payload: Uint8Array, index: number, bytesPerSample: 1 | 2): Uint8Array {
  const samples = Math.floor(payload.length / bytesPerSample / 2);
  const one = new Uint8Array(samples * bytesPerSample);
  for (let sample = 0; sample < samples; sample += 1) {
    const from = (sample * 2 + index) * bytesPerSample;
    for (let byte = 0; byte < bytesPerSample; byte += 1) {
      one[sample * bytesPerSample + byte] = payload[from + byte]!;
    }
  }
  return one;
}
