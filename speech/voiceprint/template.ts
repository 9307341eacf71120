/** A template as bytes: which model made it, and its values. */
import { decode, encode } from "@msgpack/msgpack";
import { VoiceprintError, type VoiceModel, type VoicePrint } from "./voiceprint.js";

const form = 1;

export function encodeTemplate(model: Pick<VoiceModel, "id">, print: VoicePrint): Uint8Array {
  const { values, voicedMs } = print;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return encode([form, model.id, voicedMs, bytes]);
}

/** @throws {VoiceprintError} `VOICEPRINT_MODEL`, `VOICEPRINT_CORRUPT` */
export function decodeTemplate(model: Pick<VoiceModel, "id">, bytes: Uint8Array): VoicePrint {
  const [given, id, voicedMs, values] = parts(bytes);
  const isWhole = values instanceof Uint8Array && values.length % 4 === 0;
  if (given !== form || typeof voicedMs !== "number" || !isWhole) {
    throw new VoiceprintError("VOICEPRINT_CORRUPT", "a stored voiceprint does not read");
  }
  if (id !== model.id) {
    const text = `enrolled with model "${String(id)}", not "${model.id}": enrol anew`;
    throw new VoiceprintError("VOICEPRINT_MODEL", text);
  }
  // A copy (of a Buffer, `slice` is none): the bytes may lie anywhere, numbers may not.
  return { values: new Float32Array(Uint8Array.from(values).buffer), voicedMs };
}

function parts(bytes: Uint8Array): unknown[] {
  try {
    const read = decode(bytes);
    return Array.isArray(read) ? (read as unknown[]) : [];
  } catch {
    return [];
  }
}
