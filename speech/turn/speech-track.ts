/**
 * The recent past of one stream of VAD decisions: media time, how much of the last moments was
 * speech, and where the present burst of speech began. Fixed memory, nothing allocated per frame.
 *
 *   frames   ..#..####.##.........##
 *   bursts     └─────────┘ gap    └─   a gap of `startWindowMs` ends a burst
 */

const slotMs = 10;

/** Silence before the first speech: longer than any setting. A whole number, which costs no box. */
const longSilenceMs = 1_000_000_000;

export class SpeechTrack {
  /** Whether each slot of 10 ms was speech: both windows end at the newest, and share the ring. */
  readonly #slots: Uint8Array;
  #next = 0;
  readonly #startSlots: number;
  readonly #bargeInSlots: number;
  #startSpeech = 0;
  #bargeInSpeech = 0;
  readonly #gapMs: number;
  #nowMs: number;
  #isSpeech = false;
  #burstOnsetMs: number;
  #lastSpeechMs: number;

  constructor(options: { startMs: number; startWindowMs: number; bargeInWindowMs: number }) {
    this.#startSlots = options.startWindowMs / slotMs;
    this.#bargeInSlots = options.bargeInWindowMs / slotMs;
    this.#slots = new Uint8Array(Math.max(this.#startSlots, this.#bargeInSlots));
    this.#gapMs = options.startWindowMs;
    this.#nowMs = options.startMs;
    this.#burstOnsetMs = options.startMs;
    this.#lastSpeechMs = options.startMs - longSilenceMs;
  }

  /** End of the newest frame. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Whether the newest frame is speech. */
  get isSpeech(): boolean {
    return this.#isSpeech;
  }

  /** Begin of the newest burst's first frame. */
  get burstOnsetMs(): number {
    return this.#burstOnsetMs;
  }

  /** Silence since the last frame of speech; very long before the first. */
  get silenceMs(): number {
    return this.#nowMs - this.#lastSpeechMs;
  }

  /** Speech in the start window. */
  get startSpeechMs(): number {
    return this.#startSpeech * slotMs;
  }

  /** Speech in the barge-in window. */
  get bargeInSpeechMs(): number {
    return this.#bargeInSpeech * slotMs;
  }

  /** Adds the next frame; `frameMs` is a multiple of 10. */
  push(isSpeech: boolean, frameMs: number): void {
    if (isSpeech) {
      if (this.silenceMs >= this.#gapMs) this.#burstOnsetMs = this.#nowMs;
      this.#lastSpeechMs = this.#nowMs + frameMs;
    }
    this.#nowMs += frameMs;
    this.#isSpeech = isSpeech;
    for (let ms = 0; ms < frameMs; ms += slotMs) this.#pushSlot(isSpeech ? 1 : 0);
  }

  #pushSlot(value: 0 | 1): void {
    const slots = this.#slots;
    const next = this.#next;
    this.#startSpeech += value - this.#slotBefore(next, this.#startSlots);
    this.#bargeInSpeech += value - this.#slotBefore(next, this.#bargeInSlots);
    slots[next] = value;
    this.#next = next + 1 === slots.length ? 0 : next + 1;
  }

  /** The slot that leaves a window of so many when the next one is written. */
  #slotBefore(next: number, count: number): number {
    const at = next - count;
    return this.#slots[at < 0 ? at + this.#slots.length : at]!;
  }

  /** Forgets all speech; media time goes on. */
  forget(): void {
    this.#slots.fill(0);
    this.#startSpeech = 0;
    this.#bargeInSpeech = 0;
    this.#isSpeech = false;
    this.#lastSpeechMs = this.#nowMs - longSilenceMs;
    this.#burstOnsetMs = this.#nowMs;
  }
}
