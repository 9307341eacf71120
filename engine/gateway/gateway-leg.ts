/**
 * One media stream in the gateway: its playout, what of it was heard, and its notices to the shard.
 *
 * A lost connection pauses it. What was sent and did not arrive is sent again on the next one, from
 * the frame on that the client has not got; so nothing is heard twice, and nothing is left out.
 */
import type { LegAdoption } from "../../actors/call/cast-ports.js";
import type { PlaybackNotice } from "../../actors/call/messages.js";
import type { Time } from "../../base/ports.js";
import {
  frameBytes,
  frameSamples,
  formatKey,
  type AudioFormat,
} from "../../codecs/audio/audio-codec.js";
import { LegPlayout, type PlaybackEnd } from "../../access/playout/leg-playout.js";
import type { FrameLine, PacedLeg } from "../../access/playout/playout-wheel.js";
import type {
  MediaProtocol,
  MediaSession,
  StreamStart,
} from "../../access/protocols/media-protocol.js";
import { CreditPack } from "./credit-pack.js";
import type { LegNotice } from "../control/messages.js";
import { FloodMeter } from "./flood-meter.js";
import { HeardEnds } from "./heard-ends.js";
import { LegKeys, type KeySource } from "./leg-keys.js";
import { lostOf, unfinished, type Sounding } from "./sounding.js";
import { wholeFrames } from "./whole-frames.js";

/** Streamed frames held per leg: the credit its shard was given. */
const streamFramesMax = 100;

export type GatewayLegOptions = {
  readonly slot: number;
  readonly callId: string;
  readonly start: StreamStart;
  readonly protocol: MediaProtocol;
  readonly session: MediaSession;
  readonly time: Time;
  readonly tell: (notice: LegNotice) => void;
};

/** What a client that comes back must know. */
export type LegPosition = {
  /** Samples sent to it, in its media time: the next frame's. */
  readonly sentSamples: number;
  /** Media time up to which its frames were taken; undefined before the first. */
  readonly receivedSamples: number | undefined;
  /** Keys taken so far. */
  readonly keys: number;
};

export class GatewayLeg implements PacedLeg {
  readonly slot: number;
  readonly callId: string;
  readonly format: AudioFormat;
  readonly formatKey: string;
  readonly frameBytes: number;
  line: FrameLine | undefined;
  readonly leadMs: number | undefined;
  readonly frameMs: number;
  readonly #options: GatewayLegOptions;
  readonly #playout: LegPlayout;
  readonly flood: FloodMeter;
  readonly #frameSamples: number;
  #session: MediaSession;
  #streamId: number;
  #sounding: Sounding[] = [];
  readonly #ends: HeardEnds;
  readonly #credits = new CreditPack((frames, utterance) =>
    this.#tellShard({ kind: "credit", slot: this.slot, frames, utterance }),
  );
  #lastUtterance = 0;
  #tellShard: (notice: LegNotice) => void;
  #playedUntilMs = 0;
  #heardFromMs: number;
  /** Media time where the newest frame from the peer ended. */
  #receivedSamples: number | undefined;
  #sentSamples = 0;
  readonly #keys = new LegKeys();
  #clearedUtterance = 0;
  /** Of a shard that is lost: these sound on until something else does. */
  #orphanedUtterance = 0;
  #pausedAtMs: number | undefined;
  #isHeld = false;

  constructor(options: GatewayLegOptions) {
    const { start } = options;
    this.#options = options;
    this.#tellShard = options.tell;
    this.slot = options.slot;
    this.leadMs = options.protocol.leadMs;
    this.callId = options.callId;
    this.#session = options.session;
    this.#streamId = start.streamId;
    this.#heardFromMs = options.time.nowMs();
    this.format = start.format;
    this.formatKey = formatKey(start.format);
    this.flood = new FloodMeter(start.format.rateHz);
    this.frameMs = start.frameMs;
    this.#frameSamples = frameSamples(start.format.rateHz, start.frameMs);
    this.frameBytes = frameBytes(start.format, start.frameMs);
    this.#playout = new LegPlayout({ frameBytes: this.frameBytes, streamFramesMax });
    const { time, protocol } = options;
    this.#ends = new HeardEnds({
      ...{ time, protocol, heard: this.#finishHeard },
      heardFromMs: () => this.#heardFromMs,
    });
  }

  /** Its number on the connection it has now. */
  get streamId(): number {
    return this.#streamId;
  }

  /** Takes note of a frame that came in; false when it came before, on a lost connection. */
  receive(mediaSamples: number, nowMs: number): boolean {
    this.#heardFromMs = nowMs;
    if (mediaSamples < (this.#receivedSamples ?? -Infinity)) return false;
    this.#receivedSamples = mediaSamples + this.#frameSamples;
    return true;
  }

  /** Tells the shard of a key that was pressed, once, and keeps it for the next one. */
  keyReceived(digit: string, source: KeySource = "media"): void {
    const key = this.#keys.add(digit, source, this.#options.time.nowMs());
    if (key !== undefined) this.#tellShard({ kind: "keypad", slot: this.slot, ...key });
  }

  get position(): LegPosition {
    const sentSamples = this.#sentSamples;
    return { sentSamples, receivedSamples: this.#receivedSamples, keys: this.#keys.mediaCount };
  }

  /** When all audio sent so far will have been heard. */
  get playedUntilMs(): number {
    return this.#playedUntilMs;
  }

  /** When nothing will be heard any more, unless something else is said by then. */
  get silentAtMs(): number {
    const sentMs = Math.max(this.#options.time.nowMs(), this.#playedUntilMs);
    return sentMs + this.#playout.unsentFrames * this.frameMs;
  }

  get hasFrame(): boolean {
    return this.#canSend && this.#playout.hasFrame;
  }

  /** There is a connection, and room at its other end. */
  get #canSend(): boolean {
    return !this.#isHeld && this.#pausedAtMs === undefined && this.#session.isFull !== true;
  }

  /** What plays waits where it is; what is on its way is heard. A `clear` ends it too. */
  hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    for (const { utterance, sentFrames: heardFrames } of unfinished(this.#sounding, this.#playout))
      this.#tell({ kind: "playbackPaused", utterance, heardFrames });
  }

  /** It goes on, as soon as somebody paces it. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    for (const one of unfinished(this.#sounding, this.#playout)) one.isPaused = true;
  }

  /** Its connection is gone: nothing is sent, and time stands still for what is being heard. */
  pause(nowMs: number): void {
    if (this.#pausedAtMs !== undefined) return;
    this.#pausedAtMs = nowMs;
    this.close();
    for (const one of this.#sounding) {
      const heardFrames = Math.floor(this.#heardMs(one) / this.frameMs);
      this.#tell({ kind: "playbackPaused", utterance: one.utterance, heardFrames });
    }
  }

  /**
   * It has another connection, or takes one over while the old one seems open.
   *
   * @param receivedSamples media time up to which our audio arrived, if the peer says so. Without
   *   it, what had sounded when the connection was lost counts as arrived.
   */
  resume(session: MediaSession, streamId: number, receivedSamples: number | undefined): void {
    const nowMs = this.#options.time.nowMs();
    this.pause(nowMs);
    const unheardFrames = (this.#playedUntilMs - this.#pausedAtMs!) / this.frameMs;
    const gotFrames = (receivedSamples ?? NaN) / this.#frameSamples;
    const lostFrames = lostOf(this.#sentSamples / this.#frameSamples, gotFrames, unheardFrames);
    this.#session = session;
    this.#streamId = streamId;
    this.#heardFromMs = nowMs;
    this.#sentSamples -= lostFrames * this.#frameSamples;
    this.#playedUntilMs -= lostFrames * this.frameMs;
    for (const { utterance, frames, isStreamed } of this.#playout.takeBack(lostFrames)) {
      this.#sounding.find((one) => one.utterance === utterance)!.sentFrames -= frames;
      if (isStreamed && utterance > this.#orphanedUtterance) this.#credits.takeBack(frames);
    }
    this.#pausedAtMs = undefined;
    for (const one of this.#sounding) one.isPaused = true;
  }

  /** Says on the new connection, behind `ready`, what was said on the old one and may be lost. */
  repeatWords(): void {
    if (this.#clearedUtterance > 0) {
      this.#session.sendClear(this.#streamId, this.#clearedUtterance);
    }
    const waiting = new Set(this.#playout.waiting.map(({ utterance }) => utterance));
    for (const one of this.#sounding) {
      if (waiting.has(one.utterance)) continue;
      // All of it arrived: it sounds from the peer's own buffer.
      this.#goOn(one, one.playAtMs + one.sentFrames * this.frameMs);
      this.#awaitHeard(one);
    }
  }

  /** Plays a prompt in the format of this leg; the last frame is filled up with silence. */
  playPrompt(utterance: number, audio: Uint8Array): void {
    if (!this.#isNew(utterance)) return;
    this.#silenceOrphans(utterance);
    this.#playout.addPrompt(utterance, wholeFrames(audio, this));
  }

  /** A prompt that this gateway does not hold is over at once, unheard. */
  skip(utterance: number): void {
    if (this.#isNew(utterance)) this.#tellEnded(utterance, 0, "completed");
  }

  /** Takes one frame of streamed speech from the ring; what is not taken gives its credit back. */
  addFrame(utterance: number, frame: Uint8Array): void {
    this.#silenceOrphans(utterance);
    if (!this.#playout.addFrame(utterance, frame)) this.#giveCredit(1, utterance);
  }

  openStream(utterance: number): void {
    if (this.#isNew(utterance)) this.#playout.openStream(utterance);
  }

  closeStream(utterance: number): void {
    this.#lastUtterance = Math.max(this.#lastUtterance, utterance);
    this.#silenceOrphans(utterance);
    this.#playout.closeStream(utterance);
    this.#takeCompleted();
  }

  #giveCredit(frames: number, utterance: number): void {
    if (utterance > this.#orphanedUtterance) this.#credits.add(frames, utterance);
  }

  /** What a lost shard had begun to say makes way for what is said instead. */
  #silenceOrphans(utterance: number): void {
    const orphaned = this.#orphanedUtterance;
    if (utterance > orphaned && orphaned > this.#clearedUtterance) this.clear(orphaned);
  }

  /** Utterances come in order, each once; not one whose clear was quicker. */
  #isNew(utterance: number): boolean {
    if (utterance <= this.#lastUtterance) return false;
    this.#lastUtterance = utterance;
    if (utterance > this.#clearedUtterance) return true;
    this.#tellEnded(utterance, 0, "cleared");
    return false;
  }

  sendFrame(playAtMs: number, nowMs: number): boolean {
    const taken = this.#canSend ? this.#playout.take(nowMs) : undefined;
    if (taken === undefined) return false;
    const { utterance, isFirst, isStreamed } = taken;
    this.#session.sendFrame(this.#streamId, taken.bytes, utterance);
    this.#sentSamples += this.#frameSamples;
    if (isFirst) this.#begin(utterance, playAtMs, nowMs);
    const one = this.#sounding.findLast((each) => each.utterance === utterance)!;
    if (one.isPaused) this.#goOn(one, Math.max(nowMs, playAtMs));
    one.sentFrames += 1;
    this.#playedUntilMs = playAtMs + this.frameMs;
    if (isStreamed) this.#giveCredit(1, utterance);
    if (!this.#playout.hasFrame) this.#takeCompleted();
    return true;
  }

  /** Drops all audio of utterances ≤ `utterance`, here and at the peer. */
  clear(utterance: number): void {
    const nowMs = this.#options.time.nowMs();
    this.release();
    this.#clearedUtterance = Math.max(this.#clearedUtterance, utterance);
    const unsent = this.#playout.clear(utterance);
    if (this.#pausedAtMs === undefined) this.#session.sendClear(this.#streamId, utterance);
    this.#playedUntilMs = Math.min(this.#playedUntilMs, nowMs);
    const sounding = this.#sounding.filter((one) => one.utterance <= utterance);
    for (const end of unsent) this.#giveCredit(end.unsentFrames, end.utterance);
    for (const one of sounding) this.#finish(one.utterance, this.#heardMs(one), "cleared");
    for (const end of unsent) {
      if (sounding.some((one) => one.utterance === end.utterance)) continue;
      this.#tellEnded(end.utterance, 0, "cleared");
    }
  }

  /** The peer returned the mark behind an utterance. */
  markReached(name: string): void {
    const utterance = Number(/^u(\d+)$/.exec(name)?.[1]);
    if (this.#ends.isAwaited(utterance)) this.#finishHeard(utterance);
  }

  /**
   * Hands the leg to another shard. Prompts go on playing. Speech that was being streamed will get
   * no more frames: what is here of it sounds until the other shard has something to say, and what
   * waits behind it is dropped, since it would come in the wrong place.
   */
  handOver(tell: (notice: LegNotice) => void): LegAdoption {
    this.release();
    const cut = this.#playout.waiting.find(({ isClosed }) => !isClosed);
    const lastUtterance = this.#lastUtterance;
    if (cut !== undefined) this.#orphan(cut.utterance);
    this.#tellShard = tell;
    this.#credits.forget();
    const sounding = this.#sounding.map(({ utterance }) => utterance);
    const waiting = this.#playout.waiting.map(({ utterance }) => utterance);
    const playing = [...new Set([...sounding, ...waiting])]
      .filter((utterance) => utterance > this.#orphanedUtterance)
      .sort((a, b) => a - b);
    const { newest: keys } = this.#keys;
    return { playing, lastUtterance, isStreamCut: cut !== undefined, keys };
  }

  /** Nobody will be told of this utterance any more, or of any before or behind it. */
  #orphan(utterance: number): void {
    this.#orphanedUtterance = this.#lastUtterance;
    this.#playout.dropBehind(utterance);
    this.#playout.closeStream(utterance);
    this.#takeCompleted();
  }

  /** Forgets its timers. */
  close(): void {
    this.#ends.close();
  }

  #begin(utterance: number, playAtMs: number, nowMs: number): void {
    this.#sounding.push({ utterance, playAtMs, sentFrames: 0, isPaused: false });
    // What follows another utterance is sent ahead of the moment at which it is heard.
    this.#tell({ kind: "playbackStarted", utterance, atMs: Math.max(nowMs, playAtMs) });
  }

  /** What comes of it from now on sounds at `atMs`. */
  #goOn(one: Sounding, atMs: number): void {
    const { utterance, sentFrames } = one;
    one.isPaused = false;
    one.playAtMs = atMs - sentFrames * this.frameMs;
    this.#tell({ kind: "playbackResumed", utterance, atMs, sentFrames });
  }

  /** How much of it has sounded, by the clock. */
  #heardMs({ playAtMs, sentFrames }: Sounding): number {
    const nowMs = this.#pausedAtMs ?? this.#options.time.nowMs();
    const soundedMs = nowMs - playAtMs - (this.#session.latencyMs?.(this.#streamId) ?? 0);
    return Math.max(0, Math.min(sentFrames * this.frameMs, soundedMs));
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
  #awaitHeard({ utterance, sentFrames }: Pick<PlaybackEnd, "utterance" | "sentFrames">): void {
    if (sentFrames === 0) return this.#tellEnded(utterance, 0, "completed");
    if (this.#ends.hasMarks) this.#session.sendMark(this.#streamId, `u${utterance}`);
    this.#ends.await(utterance, Math.max(0, this.#playedUntilMs - this.#options.time.nowMs()));
  }

  readonly #finishHeard = (utterance: number): void => {
    const one = this.#sounding.find((candidate) => candidate.utterance === utterance);
    this.#finish(utterance, (one?.sentFrames ?? 0) * this.frameMs, "completed");
  };

  #finish(utterance: number, heardMs: number, reason: "completed" | "cleared"): void {
    this.#ends.forget(utterance);
    this.#playout.settle(utterance);
    this.#sounding = this.#sounding.filter((one) => one.utterance !== utterance);
    this.#tellEnded(utterance, heardMs, reason);
  }

  #tellEnded(utterance: number, heardMs: number, reason: "completed" | "cleared"): void {
    const atMs = this.#options.time.nowMs();
    this.#tell({ kind: "playbackEnded", utterance, atMs, heardMs, reason });
  }

  #tell(notice: PlaybackNotice): void {
    if (notice.utterance <= this.#orphanedUtterance) return;
    this.#tellShard({ kind: "playback", slot: this.slot, notice });
  }
}
