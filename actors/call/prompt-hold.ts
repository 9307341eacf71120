/**
 * What we say waits while it is not clear whether somebody interrupts us. Whoever lets it wait sees
 * to it that it goes on: what is held is never heard to its end, so nobody else would.
 */
import type { Leg, MediaLink } from "./cast-ports.js";

export class PromptHold {
  readonly #leg: Leg;
  readonly #media: Pick<MediaLink, "hold" | "release">;
  #isHeld = false;

  constructor(leg: Leg, media: Pick<MediaLink, "hold" | "release">) {
    this.#leg = leg;
    this.#media = media;
  }

  hold(): void {
    this.#isHeld = true;
    this.#media.hold(this.#leg.slot);
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#media.release(this.#leg.slot);
  }

  /** It was cleared, and nothing is held any more. */
  cleared(): void {
    this.#isHeld = false;
  }
}
