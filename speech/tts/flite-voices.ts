/** slt is a woman, the others are men; kal is the smallest and oldest, at 8 kHz. */
export const FLITE_VOICES = ["slt", "rms", "awb", "kal"] as const;
