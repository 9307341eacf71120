/** How calls are heard, unless a flow or the call itself says otherwise. */
import type { z } from "zod";
import { said } from "./said.js";
import { flag, section } from "./schema-parts.js";

export type HearingConfig = {
  /** Noise is held down before VAD and recogniser; dear. */
  readonly suppressesNoise: boolean;
  /** Faint and overloud callers are brought to the usual level. */
  readonly normalisesLevel: boolean;
};

export const hearingDefaults: HearingConfig = { suppressesNoise: false, normalisesLevel: true };

export const hearingSection = section({ suppressNoise: flag, normaliseLevel: flag });

export function hearingConfigOf(
  draft: NonNullable<z.output<typeof hearingSection>>,
): Partial<HearingConfig> {
  return said({ suppressesNoise: draft.suppressNoise, normalisesLevel: draft.normaliseLevel });
}
