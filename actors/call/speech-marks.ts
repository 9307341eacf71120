/**
 * Marks within what we say: when the callee hears them. Where in its utterance a mark lies is known
 * when it is made; when the utterance sounds, and where its sound is interrupted, the gateway says.
 * Pure: the caller keeps the time.
 */

export type HeardMark = {
  readonly name: string;
  /** Into its utterance. */ readonly heardMs: number;
};

type Utterance = {
  /** Monotonic time of its first frame, as if it had sounded without a gap; undefined: silent. */
  zeroAtMs: number | undefined;
  /** In the order of the text. */
  readonly marks: HeardMark[];
};

export class SpeechMarks {
  readonly #utterances = new Map<number, Utterance>();

  add(utterance: number, mark: HeardMark): void {
    this.#of(utterance).marks.push(mark);
  }

  /** It sounds, or goes on to: `heardMs` of it were heard before `atMs`. */
  sounds(utterance: number, atMs: number, heardMs: number): void {
    this.#of(utterance).zeroAtMs = atMs - heardMs;
  }

  /** Nothing of it sounds for now. */
  paused(utterance: number): void {
    this.#of(utterance).zeroAtMs = undefined;
  }

  /** Takes those that have been heard by `nowMs`. */
  due(nowMs: number): HeardMark[] {
    const utterances = [...this.#utterances.values()];
    return utterances.flatMap(({ zeroAtMs, marks }) =>
      zeroAtMs === undefined ? [] : taken(marks, nowMs - zeroAtMs),
    );
  }

  /** Takes those of an utterance that is over, as far as it was heard; the others never come. */
  ended(utterance: number, heardMs: number): HeardMark[] {
    const { marks } = this.#of(utterance);
    this.#utterances.delete(utterance);
    return taken(marks, heardMs);
  }

  /** When the next one is heard; undefined when none is to be expected now. */
  get nextAtMs(): number | undefined {
    const times = [...this.#utterances.values()].flatMap(({ zeroAtMs, marks: [next] }) =>
      zeroAtMs === undefined || next === undefined ? [] : [zeroAtMs + next.heardMs],
    );
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #of(utterance: number): Utterance {
    const known = this.#utterances.get(utterance) ?? { zeroAtMs: undefined, marks: [] };
    this.#utterances.set(utterance, known);
    return known;
  }
}

function taken(marks: HeardMark[], heardMs: number): HeardMark[] {
  const isLater = (mark: HeardMark): boolean => mark.heardMs > heardMs;
  const later = marks.findIndex(isLater);
  return marks.splice(0, later === -1 ? marks.length : later);
}
