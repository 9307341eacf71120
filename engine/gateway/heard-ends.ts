/**
 * When utterances that were sent have been heard to their end: as the peer's marks say, or by the
 * clock where there are none or one stays out.
 */
import type { MediaProtocol } from "../../access/protocols/media-protocol.js";
import type { Time, Timer } from "../../base/ports.js";

/** A peer that does not return its mark is taken to have played the audio this long after. */
const markGraceMs = 500;
/** Where the connection may be lost without a word, a peer that is silent is waited for longer. */
const quietGraceMs = 5000;

export type HeardEndsOptions = {
  readonly time: Time;
  readonly protocol: Pick<MediaProtocol, "marks" | "canResume">;
  /** When the peer was heard last. */
  readonly heardFromMs: () => number;
  readonly heard: (utterance: number) => void;
};

export class HeardEnds {
  readonly #options: HeardEndsOptions;
  readonly #timers = new Map<number, Timer>();

  constructor(options: HeardEndsOptions) {
    this.#options = options;
  }

  get hasMarks(): boolean {
    return this.#options.protocol.marks !== "none";
  }

  isAwaited(utterance: number): boolean {
    return this.#timers.has(utterance);
  }

  /** @param heardInMs until then the peer plays it */
  await(utterance: number, heardInMs: number): void {
    const waitMs = heardInMs + (this.hasMarks ? markGraceMs : 0);
    this.#later(utterance, waitMs, this.#options.time.nowMs() + heardInMs + quietGraceMs);
  }

  forget(utterance: number): void {
    this.#timers.get(utterance)?.cancel();
    this.#timers.delete(utterance);
  }

  close(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  /** Without its mark, unless its connection may be lost without our knowing. */
  #later(utterance: number, waitMs: number, giveUpMs: number): void {
    const { time, protocol, heardFromMs, heard } = this.#options;
    const timer = time.after(waitMs, () => {
      const nowMs = time.nowMs();
      const isQuiet = protocol.canResume && nowMs - heardFromMs() > markGraceMs;
      if (isQuiet && nowMs < giveUpMs) return this.#later(utterance, markGraceMs, giveUpMs);
      heard(utterance);
    });
    this.#timers.set(utterance, timer);
  }
}
