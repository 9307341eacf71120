/** How big a flow may be: bounds its memory and the time of one step. See docs/flows.md. */
export const flowLimits = {
  sourceBytesMax: 262_144,
  statesMax: 200,
  intentsPerStateMax: 24,
  /** Also the size of a recogniser's grammar: beyond this its accuracy suffers. */
  phrasesPerStateMax: 200,
  phraseCharsMax: 80,
  /** A text of one `say`; longer ones are split into a list by their author. */
  sayCharsMax: 500,
  saysPerListMax: 12,
  variablesMax: 50,
  /** Value of a variable, given or heard. */
  valueCharsMax: 200,
  nameCharsMax: 40,
  digitsMax: 32,
  retriesMax: 5,
  silenceMsMin: 500,
  silenceMsMax: 60_000,
  maxTurnsMax: 1000,
  /** Text of one turn; what is longer is cut before it is matched. */
  heardCharsMax: 2000,
} as const;

/** Smallest and largest value of what decides who has answered; milliseconds where it says so. */
export const answeringLimits = {
  initialSilenceMs: [500, 20_000],
  greetingMs: [300, 20_000],
  afterGreetingSilenceMs: [200, 5000],
  totalMs: [500, 20_000],
  wordMsMin: [20, 1000],
  wordMsMax: [500, 20_000],
  betweenWordsMs: [20, 1000],
  wordsMax: [1, 50],
  transcriptWordsMax: [1, 100],
  beepSilenceMs: [500, 20_000],
  beepMsMax: [1000, 120_000],
} as const;

/** What a flow may say about turns, in ms of the caller's audio: least and most. */
export const turnLimits = {
  silenceMs: [200, 3000],
  completeSilenceMs: [160, 3000],
  addedSilenceMs: [160, 3000],
  unknownSilenceMs: [200, 3000],
  unfinishedSilenceMs: [200, 5000],
  digitsSilenceMs: [200, 5000],
  freeSilenceMs: [200, 5000],
  revokeMs: [100, 3000],
  turnMsMax: [3000, 120_000],
  bargeInSpeechMs: [100, 1000],
  bargeInSureMs: [200, 3000],
} as const;

/** What a flow has when it does not say otherwise. */
export const flowDefaults = {
  silenceMs: 6000,
  silenceRetries: 2,
  noMatchRetries: 2,
  interDigitMs: 3000,
  maxTurns: 40,
} as const;
