/**
 * One media stream in the gateway: its playout, what of it was heard, and its notices to the shard.
 */
import type { PlaybackNotice } from "../../actors/call/messages.js";
import type { Time, Timer } from "../../base/ports.js";
import {
  codecOf,
  frameBytes,
  formatKey,
  type AudioFormat,
} from "../../codecs/audio/audio-codec.js";
import { LegPlayout, type PlaybackEnd } from "../../access/playout/leg-playout.js";
import type { PacedLeg } from "../../access/playout/playout-wheel.js";
import type {
  MediaProtocol,
  MediaSession,
  StreamStart,
} from "../../access/protocols/media-protocol.js";
import type { LegNotice } from "../control/messages.js";

/** A peer that does not return its mark is taken to have played the audio this long after. */
const markGraceMs = 500;
/** Streamed frames held per leg; equals the credit its shard was given at the start. */
const streamFramesMax = 100;
/** Credits go back in packs, so that they cost a message per 200 ms, not per frame. */
const creditPack = 10;

export type GatewayLegOptions = {
  readonly slot: number;
  readonly callId: string;
  readonly start: StreamStart;
  readonly protocol: MediaProtocol;
  readonly session: MediaSession;
  readonly time: Time;
  readonly tell: (notice: LegNotice) => void;
};

/** An utterance that sounds, or whose last frames are still on their way to the ear. */
type Sounding = { readonly utterance: number; readonly playAtMs: number; sentFrames: number };

/** What a shard that takes the leg over must know. */
export type LegHandover = {
  readonly playing: readonly number[];
  readonly lastUtterance: number;
  readonly isStreamCut: boolean;
};

export class GatewayLeg implements PacedLeg {
  readonly slot: number;
  readonly callId: string;
  readonly streamId: number;
  readonly format: AudioFormat;
  readonly formatKey: string;
  readonly frameBytes: number;
  readonly #options: GatewayLegOptions;
  readonly #playout: LegPlayout;
  readonly #frameMs: number;
  #sounding: Sounding[] = [];
  #endTimers = new Map<number, Timer>();
  #credits = 0;
  #lastUtterance = 0;
  #tellShard: (notice: LegNotice) => void;
  #playedUntilMs = 0;
  #openedAtMs: number | undefined;

  constructor(options: GatewayLegOptions) {
    const { start } = options;
    this.#options = options;
    this.#tellShard = options.tell;
    this.slot = options.slot;
    this.callId = options.callId;
    this.streamId = start.streamId;
    this.format = start.format;
    this.formatKey = formatKey(start.format);
    this.#frameMs = start.frameMs;
    this.frameBytes = frameBytes(start.format, start.frameMs);
    this.#playout = new LegPlayout({ frameBytes: this.frameBytes, streamFramesMax });
  }

  /** Whether the peer has sent more than `floodMs` of audio than time has passed. */
  isFlooding(mediaSamples: number, nowMs: number, floodMs: number): boolean {
    this.#openedAtMs ??= nowMs;
    const receivedMs = (mediaSamples * 1000) / this.#options.start.format.rateHz;
    return receivedMs > nowMs - this.#openedAtMs + floodMs;
  }

  /** When all audio sent so far will have been heard. */
  get playedUntilMs(): number {
    return this.#playedUntilMs;
  }

  get hasFrame(): boolean {
    return this.#playout.hasFrame;
  }

  /** Plays a prompt in the format of this leg; the last frame is filled up with silence. */
  playPrompt(utterance: number, audio: Uint8Array): void {
    this.#lastUtterance = Math.max(this.#lastUtterance, utterance);
    this.#playout.addPrompt(utterance, this.#wholeFrames(audio));
  }

  /** A prompt that this gateway does not hold is over at once, unheard. */
  skip(utterance: number): void {
    this.#lastUtterance = Math.max(this.#lastUtterance, utterance);
    this.#tellEnded(utterance, 0, "completed");
  }

  /** Takes one frame of streamed speech from the ring; what is not taken gives its credit back. */
  addFrame(utterance: number, frame: Uint8Array): void {
    if (!this.#playout.addFrame(utterance, frame)) this.#giveCredit(1);
  }

  openStream(utterance: number): void {
    this.#lastUtterance = Math.max(this.#lastUtterance, utterance);
    this.#playout.openStream(utterance);
  }

  closeStream(utterance: number): void {
    this.#playout.closeStream(utterance);
    this.#takeCompleted();
  }

  sendFrame(playAtMs: number, nowMs: number): boolean {
    const current = this.#playout.current;
    if (current === undefined || !this.#playout.hasFrame) return false;
    const { utterance } = current;
    const frame = this.#playout.takeFrame(nowMs);
    this.#options.session.sendFrame(this.streamId, frame, utterance);
    if (!current.isStarted) {
      this.#sounding.push({ utterance, playAtMs, sentFrames: 0 });
      // What follows another utterance is sent ahead of the moment at which it is heard.
      this.#tell({ kind: "playbackStarted", utterance, atMs: Math.max(nowMs, playAtMs) });
    }
    this.#sounding.at(-1)!.sentFrames += 1;
    this.#playedUntilMs = playAtMs + this.#frameMs;
    if (this.#playout.isStream(utterance)) this.#giveCredit(1);
    this.#takeCompleted();
    return true;
  }

  /** Drops all audio of utterances ≤ `utterance`, here and at the peer. */
  clear(utterance: number): void {
    const nowMs = this.#options.time.nowMs();
    const unsent = this.#playout.clear(utterance);
    this.#options.session.sendClear(this.streamId, utterance);
    this.#playedUntilMs = Math.min(this.#playedUntilMs, nowMs);
    const sounding = this.#sounding.filter((one) => one.utterance <= utterance);
    this.#giveCredit(unsent.reduce((sum, end) => sum + end.unsentFrames, 0));
    for (const one of sounding) {
      const sentMs = one.sentFrames * this.#frameMs;
      const heardMs = Math.max(0, Math.min(sentMs, nowMs - one.playAtMs));
      this.#finish(one.utterance, heardMs, "cleared");
    }
    for (const end of unsent) {
      const wasSounding = sounding.some((one) => one.utterance === end.utterance);
      if (!wasSounding) this.#tellEnded(end.utterance, 0, "cleared");
    }
  }

  /** The peer returned the mark behind an utterance. */
  markReached(name: string): void {
    const utterance = Number(/^u(\d+)$/.exec(name)?.[1]);
    if (this.#endTimers.has(utterance)) this.#finishHeard(utterance);
  }

  /**
   * Hands the leg to another shard. Prompts go on playing; streamed speech that will get no more
   * frames is dropped, with whatever waits behind it, since it would come in the wrong place.
   */
  handOver(tell: (notice: LegNotice) => void): LegHandover {
    const cut = this.#playout.waiting.find(({ isClosed }) => !isClosed);
    // Its shard is gone: nobody there to hear of the ends of what is dropped.
    this.#tellShard = () => undefined;
    if (cut !== undefined) this.clear(this.#lastUtterance);
    this.#tellShard = tell;
    this.#credits = 0;
    const sounding = this.#sounding.map(({ utterance }) => utterance);
    const waiting = this.#playout.waiting.map(({ utterance }) => utterance);
    const playing = [...new Set([...sounding, ...waiting])].sort((a, b) => a - b);
    return { playing, lastUtterance: this.#lastUtterance, isStreamCut: cut !== undefined };
  }

  /** Forgets its timers. */
  close(): void {
    for (const timer of this.#endTimers.values()) timer.cancel();
    this.#endTimers.clear();
  }

  /** Moves on over utterances that are sent, also over streams that closed without a frame. */
  #takeCompleted(): void {
    for (;;) {
      const end = this.#playout.takeCompleted();
      if (end === undefined) return;
      this.#awaitHeard(end);
    }
  }

  /** An utterance that is sent ends when it has been heard. */
  #awaitHeard({ utterance, sentFrames }: PlaybackEnd): void {
    if (sentFrames === 0) return this.#tellEnded(utterance, 0, "completed");
    const hasMarks = this.#options.protocol.marks !== "none";
    if (hasMarks) this.#options.session.sendMark(this.streamId, `u${utterance}`);
    const heardInMs = this.#playedUntilMs - this.#options.time.nowMs();
    const waitMs = Math.max(0, heardInMs) + (hasMarks ? markGraceMs : 0);
    const timer = this.#options.time.after(waitMs, () => this.#finishHeard(utterance));
    this.#endTimers.set(utterance, timer);
  }

  #finishHeard(utterance: number): void {
    const one = this.#sounding.find((candidate) => candidate.utterance === utterance);
    this.#finish(utterance, (one?.sentFrames ?? 0) * this.#frameMs, "completed");
  }

  #finish(utterance: number, heardMs: number, reason: "completed" | "cleared"): void {
    this.#endTimers.get(utterance)?.cancel();
    this.#endTimers.delete(utterance);
    this.#sounding = this.#sounding.filter((one) => one.utterance !== utterance);
    this.#tellEnded(utterance, heardMs, reason);
  }

  #tellEnded(utterance: number, heardMs: number, reason: "completed" | "cleared"): void {
    const atMs = this.#options.time.nowMs();
    this.#tell({ kind: "playbackEnded", utterance, atMs, heardMs, reason });
  }

  #tell(notice: PlaybackNotice): void {
    this.#tellShard({ kind: "playback", slot: this.slot, notice });
  }

  #giveCredit(frames: number): void {
    this.#credits += frames;
    if (this.#credits < creditPack) return;
    this.#tellShard({ kind: "credit", slot: this.slot, frames: this.#credits });
    this.#credits = 0;
  }

  #wholeFrames(audio: Uint8Array): Uint8Array {
    const rest = audio.length % this.frameBytes;
    if (rest === 0) return audio;
    const whole = new Uint8Array(audio.length - rest + this.frameBytes);
    whole.fill(codecOf(this.#options.start.format.codec).silence);
    whole.set(audio);
    return whole;
  }
}
