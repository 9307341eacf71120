/** The one number that both ends of streamed speech agree on. */

/**
 * Streamed frames of one leg that a gateway takes unplayed: 2 s of 20 ms frames. A sender has so
 * much credit at first and never more; a gateway refuses what comes beyond it.
 */
export const streamCreditFrames = 100;
