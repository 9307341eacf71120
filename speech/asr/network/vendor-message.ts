/** Reading what vendors send: JSON that may be half, odd, or an error in disguise. Pure. */
import { RecognitionError, type RecognitionCode } from "../recognizer.js";

export type Fields = Readonly<Record<string, unknown>>;

/**
 * The fields of a text message.
 *
 * @throws {RecognitionError} `RECOGNITION_PROTOCOL` when it is binary, no JSON, or no object; what
 *   it said is not repeated, since it may be what the caller said
 */
export function parseMessage(message: string | Uint8Array): Fields {
  if (typeof message !== "string") {
    throw protocol(`a binary message of ${message.length} bytes, JSON text is right`);
  }
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    throw protocol(`a message of ${message.length} characters is not JSON`);
  }
  const fields = asFields(value);
  if (fields === undefined) throw protocol("a message is JSON, but no object");
  return fields;
}

/** A value as an object; undefined when it is none. */
export function asFields(value: unknown): Fields | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Fields) : undefined;
}

/** The objects of a list; empty when there is no list. */
export function listField(fields: Fields, name: string): readonly Fields[] {
  const value: unknown = fields[name];
  return Array.isArray(value) ? value.map(asFields).filter((item) => item !== undefined) : [];
}

/** A text without white space around it; undefined when there is none. */
export function textField(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" ? value.trim() : undefined;
}

/** A finite number; undefined when there is none. */
export function numberField(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** Code, message and detail of a `RecognitionError`. */
export type VendorFailure = readonly [RecognitionCode, string, Record<string, unknown>];

/** What an error in the band says, by the names that servers give it; undefined when it is none. */
export function vendorFailure(fields: Fields): VendorFailure | undefined {
  const nested = asFields(fields["error"]) ?? fields;
  const code = nested["code"] ?? nested["err_no"] ?? nested["status"] ?? fields["code"];
  const words = ["err_msg", "message", "msg", "error", "description"]
    .map((name) => nested[name])
    .find((value): value is string => typeof value === "string");
  const isError = fields["error"] !== undefined && fields["error"] !== null;
  const isBadCode = (typeof code === "number" || typeof code === "string") && !isGood(code);
  if (!isError && !isBadCode) return undefined;
  const shown = typeof code === "number" || typeof code === "string" ? code : undefined;
  const said = (words ?? String(shown ?? "no reason")).slice(0, 200);
  return [codeOf(shown, said), `the vendor reports: ${said}`, { vendorCode: shown ?? null }];
}

function isGood(code: number | string): boolean {
  return [0, 200, "0", "200", "ok", "OK", "success"].includes(code);
}

function codeOf(code: number | string | undefined, words: string): RecognitionCode {
  const text = `${code ?? ""} ${words}`;
  if (/\b(402|429)\b|quota|rate.?limit|too many|concurren/i.test(text)) return "RECOGNITION_QUOTA";
  if (/\b(401|403)\b|unauthori[sz]ed|forbidden|invalid.{0,5}(key|token)/i.test(text)) {
    return "RECOGNITION_DENIED";
  }
  return "RECOGNITION_VENDOR";
}

function protocol(message: string): RecognitionError {
  return new RecognitionError("RECOGNITION_PROTOCOL", `the vendor sent ${message}`);
}
