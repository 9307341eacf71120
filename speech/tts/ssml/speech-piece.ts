/** What a voice is asked for at once, and what it consists of. */

/** A stretch of speech in one manner, or a pause. */
export type Segment =
  | {
      readonly kind: "speech";
      /** As it is to be said. */
      readonly text: string;
      /** With its markup, for a voice that takes it. */
      readonly ssml?: string;
      /** Instead of the language of the request. */
      readonly language?: string;
      /** Multipliers; 1 changes nothing. `gain` is of amplitudes. */
      readonly speed: number;
      readonly pitch: number;
      readonly gain: number;
    }
  | { readonly kind: "pause"; readonly pauseMs: number };

/** A sentence or so. */
export type SpeechPiece = {
  /** Reached when all before this piece is spoken. */
  readonly marks?: readonly string[];
  /** For voices that know nothing of markup. */
  readonly plain: readonly Segment[];
  /** For those that do: one segment with `ssml`. The same as `plain` where there is no markup. */
  readonly marked: readonly Segment[];
};

/** A text without markup. */
export function plainPiece(text: string): SpeechPiece {
  const segments = [{ kind: "speech", text, speed: 1, pitch: 1, gain: 1 }] as const;
  return { plain: segments, marked: segments };
}

/** Whether there is anything to say. */
export function isSilent({ plain }: SpeechPiece): boolean {
  return plain.every(({ kind }) => kind === "pause");
}
