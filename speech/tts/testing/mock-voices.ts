/**
 * The mock voices behind HTTP: each checks what a vendor's documentation asks of a request, refuses
 * what it would refuse, and speaks the text that it was given.
 */
import type { VoiceVendorName } from "../../../config/schema.js";
import type { MockError, MockErrors, MockExchange } from "./mock-exchange.js";
import { l16Bytes, spoken, streamedWav } from "./mock-speech.js";

type HttpVendorName = Exclude<VoiceVendorName, "espeak" | "elevenlabs-stream">;

export const mockVoices: Readonly<Record<HttpVendorName, (exchange: MockExchange) => void>> = {
  "http-json": serveHttpJson,
  openai: serveOpenai,
  azure: serveAzure,
  baidu: serveBaidu,
  elevenlabs: serveElevenlabs,
};

const key = "k";

/** True when the scenario is an error, and was told. */
function isMischief(exchange: MockExchange, errors: MockErrors): boolean {
  const { scenario } = exchange;
  const kind = scenario === "halfJson" ? "error" : scenario;
  if (!Object.hasOwn(errors, kind)) return false;
  exchange.fail(errors[kind as keyof MockErrors]);
  return true;
}

function serveHttpJson(exchange: MockExchange): void {
  const error = (status: number, message: string): MockError => {
    return { status, body: { error: message, code: status } };
  };
  const errors: MockErrors = {
    down: error(503, "unavailable"),
    error: { status: 200, body: { error: "synthesis failed", code: 500 } },
    quota: error(429, "quota exceeded"),
    denied: error(401, "unauthorized"),
    refused: error(400, "bad text"),
  };
  if (isMischief(exchange, errors)) return;
  const { headers } = exchange;
  if (headers.authorization !== `Bearer ${key}`) return exchange.fail(errors.denied);
  const { text, voice, speed } = JSON.parse(exchange.body) as Record<string, unknown>;
  const isWhole = typeof text === "string" && voice === "v" && typeof speed === "number";
  if (!isWhole || !isJson(exchange)) return exchange.fail(errors.refused);
  exchange.speak(text, "audio/wav", streamedWav(text, 16_000));
}

function serveOpenai(exchange: MockExchange): void {
  const error = (status: number, message: string, code: string): MockError => {
    return {
      status,
      body: { error: { message, type: "invalid_request_error", param: null, code } },
    };
  };
  const errors: MockErrors = {
    down: error(500, "The server had an error", "server_error"),
    error: { ...error(200, "The server had an error", "server_error") },
    quota: error(429, "You exceeded your current quota", "insufficient_quota"),
    denied: error(401, "Incorrect API key provided", "invalid_api_key"),
    refused: error(400, "Invalid value: 'voice'", "invalid_value"),
  };
  if (isMischief(exchange, errors)) return;
  if (exchange.headers.authorization !== `Bearer ${key}`) return exchange.fail(errors.denied);
  const body = JSON.parse(exchange.body) as Record<string, unknown>;
  const { model, input, voice, response_format: format } = body;
  const isWhole = typeof model === "string" && typeof input === "string" && format === "pcm";
  if (!isWhole || voice !== "v" || !isJson(exchange)) return exchange.fail(errors.refused);
  exchange.speak(input, "audio/pcm", l16Bytes(spoken(input, 24_000)));
}

/** Its errors have an empty body, but the one in a 200, which is somebody's proxy. */
function serveAzure(exchange: MockExchange): void {
  const errors: MockErrors = {
    down: { status: 502, body: {} },
    error: { status: 200, body: { error: { code: "InternalError", message: "failed" } } },
    quota: { status: 429, body: {} },
    denied: { status: 401, body: {} },
    refused: { status: 400, body: {} },
  };
  if (isMischief(exchange, errors)) return;
  const { headers, body } = exchange;
  if (headers["ocp-apim-subscription-key"] !== key) return exchange.fail(errors.denied);
  const isRight =
    headers["content-type"] === "application/ssml+xml" &&
    headers["x-microsoft-outputformat"] === "raw-16khz-16bit-mono-pcm" &&
    headers["user-agent"] !== undefined &&
    /^<speak [^>]*xml:lang="[^"]+"[^>]*><voice name="v">.*<\/voice><\/speak>$/s.test(body);
  if (!isRight) return exchange.fail(errors.refused);
  const text = body.replace(/<[^>]*>/g, " ");
  exchange.speak(text, "audio/basic", l16Bytes(spoken(text, 16_000)));
}

/** Errors come in a 200, and the text is coded twice. */
function serveBaidu(exchange: MockExchange): void {
  const error = (number: number, text: string): MockError => {
    return { status: 200, body: { err_no: number, err_msg: text, sn: "1", idx: 1 } };
  };
  const errors: MockErrors = {
    down: { status: 503, body: {} },
    error: error(503, "backend error"),
    quota: {
      status: 429,
      body: { error_code: 17, error_msg: "Open api daily request limit reached" },
    },
    denied: {
      status: 401,
      body: { error: "invalid_client", error_description: "unknown client id" },
    },
    refused: { status: 400, body: error(501, "parameter error").body },
  };
  const isToken = exchange.url.pathname.endsWith("/token");
  const isDenied = exchange.scenario === "denied";
  if (isToken && !isDenied) {
    const grant = exchange.url.searchParams;
    if (grant.get("client_id") !== key || grant.get("client_secret") !== "s") {
      return exchange.fail(errors.denied);
    }
    const scope = "audio_tts_post public";
    return exchange.fail({
      status: 200,
      body: { access_token: "t", expires_in: 2_592_000, scope },
    });
  }
  if (isMischief(exchange, errors)) return;
  const form = new URLSearchParams(exchange.body);
  if (form.get("tok") !== "t") return exchange.fail(error(502, "token invalid"));
  const isRight = form.get("ctp") === "1" && form.get("lan") === "zh" && form.get("per") === "v";
  const text = decodeURIComponent(form.get("tex") ?? "");
  if (!isRight || text === "") return exchange.fail(error(501, "parameter error"));
  const rateHz = form.get("aue") === "4" ? 16_000 : 8000;
  const type = `audio/basic;codec=pcm;rate=${rateHz};channel=1`;
  exchange.speak(text, type, l16Bytes(spoken(text, rateHz)));
}

function serveElevenlabs(exchange: MockExchange): void {
  const error = (status: number, kind: string, message: string): MockError => {
    return { status, body: { detail: { status: kind, message } } };
  };
  const errors: MockErrors = {
    down: error(500, "internal_error", "try again"),
    error: error(200, "internal_error", "try again"),
    quota: error(401, "quota_exceeded", "This request exceeds your quota"),
    denied: error(401, "invalid_api_key", "Invalid API key"),
    refused: error(400, "voice_not_found", "A voice was not found"),
  };
  if (isMischief(exchange, errors)) return;
  const { headers, url } = exchange;
  if (headers["xi-api-key"] !== key) return exchange.fail(errors.denied);
  const isRight =
    url.pathname.endsWith("/v/stream") && url.searchParams.get("output_format") === "pcm_16000";
  const { text, model_id: model } = JSON.parse(exchange.body) as Record<string, unknown>;
  if (!isRight || typeof text !== "string" || typeof model !== "string") {
    return exchange.fail(errors.refused);
  }
  exchange.speak(text, "audio/pcm", l16Bytes(spoken(text, 16_000)));
}

function isJson({ headers }: MockExchange): boolean {
  return headers["content-type"] === "application/json";
}
