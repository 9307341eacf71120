/**
 * OpenAI's speech endpoint and the many servers that imitate it: raw samples at 24 kHz in a chunked
 * body. Imitators may have another rate (`rateHz`), or send a WAV file whatever they are asked for.
 *
 * @see openai/openai-node `src/resources/audio/speech.ts`
 */
import type { VoiceVendorConfig } from "../../../config/schema.js";
import { byContentType, rawDecoder } from "./audio-decoders.js";
import { clamped } from "./http-json.js";
import type { HttpVoice } from "./voice-line.js";

const modelDefault = "gpt-4o-mini-tts";
const rateHzDefault = 24_000;

export function openai(config: VoiceVendorConfig): HttpVoice {
  const { url = "", key, model = modelDefault, rateHz = rateHzDefault } = config;
  return {
    takesSsml: false,
    request: ({ text, voice, speed }) => ({
      url,
      headers: {
        "content-type": "application/json",
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify({
        model,
        input: text,
        voice,
        response_format: "pcm",
        // Some models do not know it.
        ...(speed === 1 ? {} : { speed: clamped(speed, 0.25, 4) }),
      }),
    }),
    decoder: (contentType) => byContentType(contentType, rawDecoder("l16", rateHz)),
  };
}
