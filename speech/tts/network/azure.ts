/**
 * Azure Speech over REST: SSML in, raw samples at 16 kHz out, chunked. The voice is part of the
 * document; without a `User-Agent` every request is refused.
 *
 * @see MicrosoftDocs/azure-ai-docs `speech-service/rest-text-to-speech.md`
 */
import type { VoiceVendorConfig } from "../../../config/schema.js";
import { escapeXml } from "../ssml/escape-xml.js";
import { byContentType, rawDecoder } from "./audio-decoders.js";
import { clamped } from "./http-json.js";
import type { HttpVoice, VoicePiece } from "./voice-line.js";

export function azure({ url = "", key = "" }: VoiceVendorConfig): HttpVoice {
  return {
    takesSsml: true,
    request: (piece) => ({
      url,
      headers: {
        "ocp-apim-subscription-key": key,
        "content-type": "application/ssml+xml",
        "x-microsoft-outputformat": "raw-16khz-16bit-mono-pcm",
        "user-agent": "voxtree",
      },
      body: documentOf(piece),
    }),
    decoder: (contentType) => byContentType(contentType, rawDecoder("l16", 16_000)),
  };
}

function documentOf({ text, ssml, voice, language, speed }: VoicePiece): string {
  const content = ssml ?? escapeXml(text);
  // Azure reads an unsigned percentage as an increase.
  const change = Math.round((clamped(speed, 0.5, 2) - 1) * 100);
  const sign = change < 0 ? "" : "+";
  const paced = change === 0 ? content : `<prosody rate="${sign}${change}%">${content}</prosody>`;
  return (
    `<speak version="1.0" xml:lang="${escapeXml(language)}"` +
    ' xmlns="http://www.w3.org/2001/10/synthesis" xmlns:mstts="http://www.w3.org/2001/mstts">' +
    `<voice name="${escapeXml(voice)}">${paced}</voice></speak>`
  );
}
