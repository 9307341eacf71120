/**
 * Commands of one shard as the gateway obeys them: each once, and those of one leg in their order,
 * also where one was lost and comes behind the next ones, when its shard repeats it. What silences
 * us does not wait for its turn: what comes behind it and should have come before is silent too.
 */
import type { NumberedCommand } from "../control/messages.js";

export class CommandOrder {
  readonly #taken: Int32Array;
  readonly #obey: (command: NumberedCommand) => void;
  /** All up to this number were taken … */
  #takenUpTo = 0;
  /** … and these beyond it. */
  readonly #takenAhead = new Set<number>();
  /** Those that wait for the one before them, by its number. */
  readonly #held = new Map<number, NumberedCommand>();

  /** @param taken where the shard reads what it need not repeat */
  constructor(taken: SharedArrayBuffer, obey: (command: NumberedCommand) => void) {
    this.#taken = new Int32Array(taken);
    this.#obey = obey;
  }

  arrived(command: NumberedCommand): void {
    const { number, after } = command;
    if (this.#isTaken(number)) return;
    if (after === 0 || this.#isTaken(after)) return this.#take(command);
    if (this.#held.has(after)) return;
    this.#held.set(after, command);
    if (isSilencing(command)) this.#obey(command);
  }

  #take(first: NumberedCommand): void {
    let isObeyed = false;
    for (let next: NumberedCommand | undefined = first; next !== undefined;) {
      const { number } = next;
      if (!isObeyed) this.#obey(next);
      this.#noteTaken(number);
      next = this.#held.get(number);
      this.#held.delete(number);
      isObeyed = next !== undefined && isSilencing(next);
    }
    Atomics.store(this.#taken, 0, this.#takenUpTo);
  }

  #isTaken(number: number): boolean {
    return number <= this.#takenUpTo || this.#takenAhead.has(number);
  }

  #noteTaken(number: number): void {
    this.#takenAhead.add(number);
    while (this.#takenAhead.delete(this.#takenUpTo + 1)) this.#takenUpTo += 1;
  }
}

function isSilencing({ kind }: NumberedCommand): boolean {
  return kind === "clear" || kind === "hangup";
}
