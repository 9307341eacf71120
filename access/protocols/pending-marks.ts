/** Marks that were sent and have not come back. */
import type { MarkCertainty } from "./media-protocol.js";

/** More than any playout keeps open; a peer that returns none must not make us grow. */
const MARKS_MAX = 256;

export class PendingMarks {
  readonly #marks: { readonly name: string; certainty: MarkCertainty }[] = [];

  /** A mark was sent. The oldest is given up when too many are open. */
  add(name: string): void {
    if (this.#marks.length >= MARKS_MAX) this.#marks.shift();
    this.#marks.push({ name, certainty: "played" });
  }

  /** A clear was sent: what comes back now may have been played or dropped. */
  blur(): void {
    for (const mark of this.#marks) mark.certainty = "playedOrCleared";
  }

  /** A clear was sent to a peer that drops its marks with the audio: none of them comes back. */
  dropAll(): void {
    this.#marks.length = 0;
  }

  /** A mark came back; undefined when it was never sent, or came back before. */
  take(name: string): MarkCertainty | undefined {
    const index = this.#marks.findIndex((mark) => mark.name === name);
    if (index === -1) return undefined;
    return this.#marks.splice(index, 1)[0]!.certainty;
  }
}
