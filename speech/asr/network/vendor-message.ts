/** Reading what vendors send: JSON that may be half, odd, or an error in disguise. Pure. */
import { asFields, reportedFailure, type Fields } from "../../vendors/vendor-failure.js";
import { RecognitionError, type RecognitionCode } from "../recognizer.js";

export { asFields, type Fields };

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
  const failure = reportedFailure(fields);
  if (failure === undefined) return undefined;
  const { kind, message, vendorCode } = failure;
  return [`RECOGNITION_${kind}`, message, { vendorCode }];
}

function protocol(message: string): RecognitionError {
  return new RecognitionError("RECOGNITION_PROTOCOL", `the vendor sent ${message}`);
}
