/**
 * What one caller hears, in the audio itself: how long nothing came, which prompts there were, and
 * on request every frame with its time. It passes everything on.
 */
import type { Buffer } from "node:buffer";
import { performance } from "node:perf_hooks";
import type { LineEvents } from "./line.js";
import type { HeardCall, HeardFrame } from "./messages.js";

/** A prompt is known by these of its frames: the first ones may be silence in all of them. */
const knownFrom = 6;
const knownTo = 25;
/** FNV-1a, 32 bits. */
const hashStart = 0x811c9dc5;
const hashPrime = 0x01000193;
/** Of a run of a minute, with short prompts. */
const promptsKept = 100;

export class CallEar implements LineEvents {
  readonly #to: LineEvents;
  #isRecording = false;
  #frames: HeardFrame[] = [];
  #prompts: number[] = [];
  #utterance = -1;
  #framesHeard = 0;
  #hash = hashStart;
  #lastMs = 0;
  #gapMs = 0;
  #gapFromMs = 0;
  #resumptions = 0;

  constructor(to: LineEvents) {
    this.#to = to;
  }

  /** Begins to listen for gaps anew; the newest prompt stays known. */
  begin(isRecording: boolean): void {
    this.#isRecording = isRecording;
    this.#frames = [];
    this.#prompts = this.#prompts.slice(-1);
    this.#gapMs = 0;
    this.#gapFromMs = this.#lastMs;
    this.#resumptions = 0;
  }

  report(callId: string): HeardCall {
    const silentMs = performance.now() - this.#lastMs;
    const { timeOrigin } = performance;
    return {
      callId,
      longestGapMs: this.#gapMs,
      gapFromEpochMs: timeOrigin + this.#gapFromMs,
      silentMs,
      resumptions: this.#resumptions,
      prompts: this.#prompts,
      frames: this.#frames,
    };
  }

  heardFrame(utterance: number, bytes: Buffer, start: number, end: number): void {
    const nowMs = performance.now();
    const gapMs = nowMs - this.#lastMs;
    if (gapMs > this.#gapMs && this.#lastMs > 0) {
      this.#gapMs = gapMs;
      this.#gapFromMs = this.#lastMs;
    }
    this.#lastMs = nowMs;
    this.#know(utterance, bytes, start, end);
    if (this.#isRecording) {
      const epochMs = performance.timeOrigin + nowMs;
      this.#frames.push({ epochMs, utterance, audio: Uint8Array.from(bytes.subarray(start, end)) });
    }
    this.#to.heardFrame(utterance, bytes, start, end);
  }

  heardMark(name: string): void {
    this.#to.heardMark(name);
  }

  cleared(): void {
    this.#to.cleared();
  }

  returned(sequence: number): void {
    this.#to.returned(sequence);
  }

  lost(): void {
    this.#to.lost();
  }

  resumed(awayMs: number): void {
    this.#resumptions += 1;
    this.#to.resumed(awayMs);
  }

  broke(what: string): void {
    this.#to.broke(what);
  }

  #know(utterance: number, bytes: Buffer, start: number, end: number): void {
    if (utterance !== this.#utterance) {
      this.#utterance = utterance;
      this.#framesHeard = 0;
      this.#hash = hashStart;
    }
    this.#framesHeard += 1;
    if (this.#framesHeard < knownFrom || this.#framesHeard > knownTo) return;
    for (let at = start; at < end; at += 1) {
      this.#hash = Math.imul(this.#hash ^ bytes[at]!, hashPrime);
    }
    if (this.#framesHeard !== knownTo) return;
    this.#prompts.push(this.#hash >>> 0);
    if (this.#prompts.length > promptsKept) this.#prompts.shift();
  }
}
