/** The embedded voices as the last of a list, or as the only ones. */
import { FLITE_VOICES } from "./flite-voices.js";
import type { RenderPiece } from "./network/embedded-line.js";
import type { EmbeddedVoices } from "./network/voice-synthesizer.js";

/** Who speaks for a voice that is not ours. */
const standIn = "slt";

/** @param isAlone then a voice that is not ours is a mistake, and its name is passed on for that */
export function embeddedVoices(
  render: RenderPiece,
  { isAlone }: { readonly isAlone: boolean },
): EmbeddedVoices {
  return {
    name: "embedded",
    render,
    voiceOf(voice, language) {
      if (isAlone || (FLITE_VOICES as readonly string[]).includes(voice)) return voice;
      return /^en(-|$)/i.test(language) ? standIn : undefined;
    },
  };
}
