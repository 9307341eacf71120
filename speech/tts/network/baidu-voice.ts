/**
 * Baidu's short-text synthesis: a form in, raw samples at 16 kHz back in one body. A token comes
 * first and is good for a month; errors come as JSON in a 200.
 *
 * @see Baidu-AIP/speech-demo `rest-api-tts`
 */
import type { VoiceVendorConfig } from "../../../config/schema.js";
import { byContentType, rawDecoder } from "./audio-decoders.js";
import { clamped } from "./http-json.js";
import type { HttpVoice } from "./voice-line.js";

const tokenUrlDefault = "https://aip.baidubce.com/oauth/2.0/token";
const form = { "content-type": "application/x-www-form-urlencoded" };
/** `aue`: raw samples at 16 kHz. */
const pcm16k = "4";
const rateHzDefault = 16_000;
const speedMiddle = 5;
const stepMax = 15;

export function baiduVoice(config: VoiceVendorConfig): HttpVoice {
  const { url = "", key = "", secretKey = "", tokenUrl = tokenUrlDefault } = config;
  const grant = new URL(tokenUrl);
  grant.searchParams.set("grant_type", "client_credentials");
  grant.searchParams.set("client_id", key);
  grant.searchParams.set("client_secret", secretKey);
  return {
    takesSsml: false,
    token: {
      request: { url: grant.href, headers: form, body: "" },
      read({ access_token: token, expires_in: validS }) {
        if (typeof token !== "string" || typeof validS !== "number") return undefined;
        return { token, validMs: validS * 1000 };
      },
    },
    request: ({ text, voice, speed, pitch }, token) => ({
      url,
      headers: form,
      body: new URLSearchParams({
        // Once by us, once by the form: else "+", "%" and "&" get lost.
        tex: encodeURIComponent(text),
        tok: token,
        cuid: "voxtree",
        ctp: "1",
        lan: "zh",
        per: voice,
        spd: String(Math.round(clamped(speedMiddle * speed, 0, stepMax))),
        pit: String(Math.round(clamped(speedMiddle * pitch, 0, stepMax))),
        aue: pcm16k,
      }).toString(),
    }),
    decoder(contentType) {
      const rateHz = Number(/rate=(\d{4,5})/.exec(contentType)?.[1] ?? rateHzDefault);
      return byContentType(contentType, rawDecoder("l16", rateHz));
    },
  };
}
