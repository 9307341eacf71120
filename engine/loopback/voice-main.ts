/** Entry of the callee's voice thread: renders texts one after the other. */
import { parentPort } from "node:worker_threads";
import { assert } from "../../base/assert.js";
import { toErrorData } from "../../base/errors.js";
import { createFlite } from "../../speech/tts/flite.js";
import { renderSpeech } from "./speech-render.js";
import type { VoiceReply, VoiceRequest } from "./voice.js";

assert(parentPort !== null, "the voice runs in a thread");
const port = parentPort;
const flite = createFlite();

port.on("message", ({ id, request }: VoiceRequest) => {
  flite
    .then((synthesizer) => renderSpeech(synthesizer, request))
    .then(
      (speech) =>
        port.postMessage({ id, ok: true, speech } satisfies VoiceReply, [
          speech.samples.buffer as ArrayBuffer,
        ]),
      (error: unknown) =>
        port.postMessage({ id, ok: false, error: toErrorData(error) } satisfies VoiceReply),
    );
});
