/**
 * Entry of a callee process: simulated people with real phones. The loopback trunk starts it and
 * talks to it over IPC; when that channel closes, the trunk is gone, and so is this process.
 */
import { compiledEntry } from "../../base/compiled-entry.js";
import { toErrorData } from "../../base/errors.js";
import { nodeRng, nodeThreadHost, nodeTime } from "../../base/node-ports.js";
import type { Time } from "../../base/ports.js";
import { createLocalRecognizer } from "../../speech/asr/local-recognizer.js";
import type { Recognizer } from "../../speech/asr/recognizer.js";
import { loadVad } from "../../speech/vad/fvad.js";
import { CalleeDesk } from "./callee-desk.js";
import type {
  CalleeCommand,
  CalleeNotice,
  CalleeSettings,
  RecognitionState,
} from "./callee-messages.js";
import type { CalleeParts } from "./callee-parts.js";
import { Voice } from "./voice.js";

async function load(settings: CalleeSettings): Promise<CalleeParts> {
  const time = nodeTime();
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

/** The channel may be closing while a call ends; then nobody is left to be told. */
function notify(notice: CalleeNotice): void {
  if (process.connected) process.send?.(notice, undefined, undefined, () => undefined);
}

const desk = new CalleeDesk({ load, notify, stopped: () => process.disconnect() });
process.on("message", (command: CalleeCommand) => desk.take(command));
process.on("disconnect", () => process.exit(0));
// These reach the whole group; the trunk ends calls politely, and this process with them.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
