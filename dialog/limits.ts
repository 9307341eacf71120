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

/** What a flow has when it does not say otherwise. */
export const flowDefaults = {
  silenceMs: 6000,
  silenceRetries: 2,
  noMatchRetries: 2,
  interDigitMs: 3000,
  maxTurns: 40,
} as const;
