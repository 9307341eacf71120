/** A voice that has each text whole or not at all, as the `Synthesizer` port has it. */
import { toErrorData } from "../../base/errors.js";
import type { PcmAudio, SpeechRequest, Synthesizer } from "../../speech/tts/synthesizer.js";

/** What `synthesize` throws at once, `open` throws too: an adapter with a mistake. */
export function wholeVoice(synthesize: (request: SpeechRequest) => Promise<PcmAudio>): Synthesizer {
  return {
    open(request, listener) {
      let isCancelled = false;
      synthesize(request).then(
        (audio) => {
          if (isCancelled) return;
          listener({ kind: "audio", audio });
          listener({ kind: "end" });
        },
        (error: unknown) => {
          if (!isCancelled) listener({ kind: "failed", error: toErrorData(error) });
        },
      );
      return { cancel: () => void (isCancelled = true) };
    },
  };
}
