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

/** Milliseconds of speech within the last `windowMs`: a ring of 10 ms slots and their sum. */
export class SpeechWindow {
  readonly #slots: Uint8Array;
  #next = 0;
  #speechSlots = 0;

  /** @param windowMs a multiple of 10 */
  constructor(windowMs: number) {
    this.#slots = new Uint8Array(windowMs / slotMs);
  }

  get speechMs(): number {
    return this.#speechSlots * slotMs;
  }

  push(isSpeech: boolean, frameMs: number): void {
    const value = isSpeech ? 1 : 0;
    for (let slot = frameMs / slotMs; slot > 0; slot--) {
      this.#speechSlots += value - this.#slots[this.#next]!;
      this.#slots[this.#next] = value;
      this.#next = this.#next + 1 === this.#slots.length ? 0 : this.#next + 1;
    }
  }

  clear(): void {
    this.#slots.fill(0);
    this.#speechSlots = 0;
  }
}

export class SpeechTrack {
  readonly #start: SpeechWindow;
  readonly #bargeIn: SpeechWindow;
  readonly #gapMs: number;
  #nowMs: number;
  #isSpeech = false;
  #burstOnsetMs: number;
  #lastSpeechMs: number;

  constructor(options: { startMs: number; startWindowMs: number; bargeInWindowMs: number }) {
    this.#start = new SpeechWindow(options.startWindowMs);
    this.#bargeIn = new SpeechWindow(options.bargeInWindowMs);
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
    return this.#start.speechMs;
  }

  /** Speech in the barge-in window. */
  get bargeInSpeechMs(): number {
    return this.#bargeIn.speechMs;
  }

  /** Adds the next frame; `frameMs` is a multiple of 10. */
  push(isSpeech: boolean, frameMs: number): void {
    if (isSpeech) {
      if (this.silenceMs >= this.#gapMs) this.#burstOnsetMs = this.#nowMs;
      this.#lastSpeechMs = this.#nowMs + frameMs;
    }
    this.#nowMs += frameMs;
    this.#isSpeech = isSpeech;
    this.#start.push(isSpeech, frameMs);
    this.#bargeIn.push(isSpeech, frameMs);
  }

  /** Forgets all speech; media time goes on. */
  forget(): void {
    this.#start.clear();
    this.#bargeIn.clear();
    this.#isSpeech = false;
    this.#lastSpeechMs = this.#nowMs - longSilenceMs;
    this.#burstOnsetMs = this.#nowMs;
  }
}
