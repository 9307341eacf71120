/** What simulated callees share: ears, voices, and whether they understand. */
import { compiledEntry } from "../../base/compiled-entry.js";
import { toErrorData } from "../../base/errors.js";
import { nodeRng, nodeThreadHost } from "../../base/node-ports.js";
import type { Time } from "../../base/ports.js";
import { createLocalRecognizer } from "../../speech/asr/local-recognizer.js";
import type { Recognizer } from "../../speech/asr/recognizer.js";
import { loadVad } from "../../speech/vad/fvad.js";
import type { CalleeSettings, RecognitionState } from "./callee-messages.js";
import type { CalleeParts } from "./callee-parts.js";
import { Voice } from "./voice.js";

/** Loads all of it; a recogniser that is missing is said in `recognition`. */
export async function loadCalleeParts(settings: CalleeSettings, time: Time): Promise<CalleeParts> {
  const { recognizer, recognition } = openRecognizer(settings, time);
  return {
    settings,
    time,
    rng: nodeRng,
    vad: await loadVad(),
    voice: new Voice(nodeThreadHost, compiledEntry("engine/loopback/voice-main.js")),
    recognizer,
    recognition,
  };
}

/** A machine without a recogniser is no failure: its callees press keys. */
function openRecognizer(
  { isRecognizing, streamsMax }: CalleeSettings,
  time: Time,
): { readonly recognizer: Recognizer | undefined; readonly recognition: RecognitionState } {
  if (!isRecognizing) {
    const note = "speech recognition is switched off";
    return { recognizer: undefined, recognition: { isOn: false, note } };
  }
  try {
    const recognizer = createLocalRecognizer({ scheduler: time, decoders: streamsMax });
    return { recognizer, recognition: { isOn: true } };
  } catch (error) {
    const note = toErrorData(error).message;
    return { recognizer: undefined, recognition: { isOn: false, note } };
  }
}
