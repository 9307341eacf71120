/**
 * ElevenLabs over HTTP: the voice is part of the URL, raw samples at 16 kHz come chunked.
 *
 * @see the text-to-speech stream endpoint of its public API
 */
import type { VoiceVendorConfig } from "../../../config/schema.js";
import { byContentType, rawDecoder } from "./audio-decoders.js";
import { clamped } from "./http-json.js";
import type { HttpVoice } from "./voice-line.js";

export const elevenlabsModel = "eleven_flash_v2_5";
/** It takes no other speeds. */
export const elevenlabsSpeed = (speed: number): number => clamped(speed, 0.7, 1.2);

export function elevenlabs(config: VoiceVendorConfig): HttpVoice {
  const { url = "", key = "", model = elevenlabsModel } = config;
  return {
    takesSsml: false,
    request: ({ text, voice, speed }) => ({
      url: elevenlabsUrl(url, voice, "stream", { output_format: "pcm_16000" }),
      headers: { "xi-api-key": key, "content-type": "application/json" },
      body: JSON.stringify({
        text,
        model_id: model,
        ...(speed === 1 ? {} : { voice_settings: { speed: elevenlabsSpeed(speed) } }),
      }),
    }),
    decoder: (contentType) => byContentType(contentType, rawDecoder("l16", 16_000)),
  };
}

/** `base` is the URL before the voice; its query is kept. */
export function elevenlabsUrl(
  base: string,
  voice: string,
  operation: string,
  query: Readonly<Record<string, string>>,
): string {
  const url = new URL(base);
  const path = url.pathname.replace(/\/+$/, "");
  url.pathname = `${path}/${encodeURIComponent(voice)}/${operation}`;
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}
