/**
 * What the callee does next. Pure: a script's turns, a place in them, and prompts as they come.
 *
 * A prompt that was understood is looked up: at the present turn, then further on (the agent left
 * something out), then further back (the agent asks again: the same answer once more). One that
 * was not understood is taken for the one that was to come. One that belongs nowhere is left
 * unanswered, as a person would who is asked something strange.
 */
import type { CalleeTurn } from "./callee-script.js";
import { comparable } from "./prompt-ear.js";

/** What to do about a prompt. */
export type Decision = {
  /** Index of the turn to act on; absent: do nothing. */
  readonly turn?: number;
  /** Whether this prompt was the one to come; null when that cannot be told. */
  readonly isExpected: boolean | null;
};

/** How often one answer is given again. */
const REPEATS_MAX = 3;

export class CalleeMind {
  readonly #turns: readonly CalleeTurn[];
  readonly #repeats: number[];
  #next = 0;

  constructor(turns: readonly CalleeTurn[]) {
    this.#turns = turns;
    this.#repeats = turns.map(() => 0);
  }

  /** The turn to come; undefined when the script is over. */
  get present(): { readonly index: number; readonly turn: CalleeTurn } | undefined {
    const turn = this.#turns[this.#next];
    return turn === undefined ? undefined : { index: this.#next, turn };
  }

  /** A prompt is over; `text` is null when it was not understood. */
  heard(text: string | null): Decision {
    if (text === null) return { ...this.#advance(this.#next), isExpected: null };
    const prompt = comparable(text);
    const hears = (turn: CalleeTurn): boolean =>
      turn.hear !== undefined && comparable(turn.hear) === prompt;
    const present = this.#turns[this.#next];
    if (present !== undefined && hears(present)) {
      return { ...this.#advance(this.#next), isExpected: true };
    }
    const ahead = this.#turns.findIndex((turn, index) => index > this.#next && hears(turn));
    if (ahead >= 0) return { ...this.#advance(ahead), isExpected: false };
    const asksAgain = (turn: CalleeTurn): boolean =>
      turn.again.some((again) => comparable(again) === prompt);
    const behind = this.#turns.findLastIndex(
      (turn, index) => index < this.#next && (hears(turn) || asksAgain(turn)),
    );
    if (behind >= 0) return { ...this.#repeat(behind), isExpected: false };
    // A turn that waits for nothing in particular takes whatever comes.
    if (present !== undefined && present.hear === undefined) {
      return { ...this.#advance(this.#next), isExpected: null };
    }
    return { isExpected: false };
  }

  /** Acts on the present turn before its prompt is over. */
  interrupt(): void {
    this.#next += 1;
  }

  /** The action of this turn was not begun after all: it is to come again. */
  takeBack(turn: number): void {
    this.#next = turn;
  }

  #advance(turn: number): { turn?: number } {
    if (turn >= this.#turns.length) return {};
    this.#next = turn + 1;
    return { turn };
  }

  #repeat(turn: number): { turn?: number } {
    if (this.#repeats[turn]! >= REPEATS_MAX) return {};
    this.#repeats[turn]! += 1;
    this.#next = turn + 1;
    return { turn };
  }
}
