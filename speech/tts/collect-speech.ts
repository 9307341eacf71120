/** A text spoken whole, for a prompt: all that streams out of a synthesizer, in one piece. */
import { fromErrorData } from "../../base/errors.js";
import { resampleWhole } from "../../codecs/audio/resampler.js";
import type { PcmAudio, SpeechRequest, Synthesizer } from "./synthesizer.js";

/** One rate for all, where a stand-in has gone on at another. */
const sharedRateHz = 16_000;

/**
 * Speaks a text to its end.
 *
 * @returns `isStandIn`: another voice than the first that speaks it has spoken, in part at least
 * @throws {EngineError} why nobody could
 */
export function collectSpeech(
  synthesizer: Synthesizer,
  request: SpeechRequest,
): Promise<PcmAudio & { readonly isStandIn: boolean }> {
  const parts: PcmAudio[] = [];
  return new Promise((resolve, reject) => {
    synthesizer.open(request, (event) => {
      if (event.kind === "audio") parts.push(event.audio);
      else if (event.kind === "failed") reject(fromErrorData(event.error));
      else if (event.kind === "end")
        resolve({ ...joined(parts), isStandIn: event.isStandIn === true });
    });
  });
}

function joined(parts: readonly PcmAudio[]): PcmAudio {
  const rates = new Set(parts.map(({ rateHz }) => rateHz));
  const [rateHz = sharedRateHz] = rates.size === 1 ? rates : [];
  const alike = parts.map((part) =>
    part.rateHz === rateHz
      ? part.samples
      : resampleWhole({ fromHz: part.rateHz, toHz: rateHz, samples: part.samples }),
  );
  const samples = new Int16Array(alike.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of alike) {
    samples.set(part, at);
    at += part.length;
  }
  return { rateHz, samples };
}
