/** When a greeting is a person's and when a machine's: the parameters of Asterisk's `app_amd`. */
export type AnswerTuning = {
  /** Nobody speaks for so long: a machine, or a line that is dead. */
  readonly initialSilenceMs: number;
  /** Voice of a greeting beyond this is a machine's. */
  readonly greetingMs: number;
  /** Silence behind a short greeting: a person waits for us. */
  readonly afterGreetingSilenceMs: number;
  /** Hard end of the analysis, counted from the answer. */
  readonly totalMs: number;
  /** Shorter voice is a noise. */
  readonly wordMsMin: number;
  /** One sound beyond this is no word of a person. */
  readonly wordMsMax: number;
  /** Silence that parts words. */
  readonly betweenWordsMs: number;
  /** More words, by their sound, are a machine's. */
  readonly wordsMax: number;
  /** More words in the transcript are a machine's. */
  readonly transcriptWordsMax: number;
  /** Behind a machine's greeting, where no beep comes: so much silence is its end. */
  readonly beepSilenceMs: number;
  /** So long the beep is waited for. */
  readonly beepMsMax: number;
};

/** Parameters that a flow gives, and the defaults of the others. */
export function answerTuning(given: Partial<AnswerTuning>): AnswerTuning {
  return { ...answerDefaults, ...given };
}

/** Asterisk's defaults where it has them; VAD hears pauses between words as silence only rarely. */
export const answerDefaults: AnswerTuning = {
  initialSilenceMs: 2500,
  greetingMs: 1500,
  afterGreetingSilenceMs: 800,
  totalMs: 5000,
  wordMsMin: 100,
  wordMsMax: 5000,
  betweenWordsMs: 50,
  wordsMax: 3,
  transcriptWordsMax: 8,
  beepSilenceMs: 2000,
  beepMsMax: 30_000,
};
