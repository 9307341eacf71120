/**
 * Speech by one JSON request: `{"text","voice","speed"}` in, a WAV file back. What many small
 * servers speak; the header of the file says what rate and how many channels it has.
 */
import type { VoiceVendorConfig } from "../../../config/schema.js";
import { byContentType, wavDecoder } from "./audio-decoders.js";
import type { HttpVoice } from "./voice-line.js";

export function httpJson({ url = "", key }: VoiceVendorConfig): HttpVoice {
  return {
    takesSsml: false,
    request: ({ text, voice, speed }) => ({
      url,
      headers: {
        "content-type": "application/json",
        accept: "audio/wav",
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify({ text, voice, speed: clamped(speed, 0.5, 2) }),
    }),
    decoder: (contentType) => byContentType(contentType, wavDecoder()),
  };
}

/** The nearest value within the bounds, with two decimals. */
export function clamped(value: number, min: number, max: number): number {
  return Math.round(Math.min(max, Math.max(min, value)) * 100) / 100;
}
