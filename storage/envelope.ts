/**
 * A value sealed by itself, for places that others can read, such as a shared cache: a fresh data
 * key encrypts it, and a key derived from the KEK wraps the data key. Both are bound to `context`,
 * so a value that was moved to another name does not open. AES-256-GCM (NIST SP 800-38D).
 *
 *     magic │ nonce │ wrapped data key │ tag │ nonce │ sealed value │ tag
 *       4      12           32           16     12         n          16
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { keyBytes } from "./master-key.js";

const magic = Buffer.from("VXE1");
const nonceBytes = 12;
const tagBytes = 16;
const wrappedBytes = nonceBytes + keyBytes + tagBytes;
export const envelopeOverheadBytes = magic.length + wrappedBytes + nonceBytes + tagBytes;

/** @param wrapKey 32 bytes, derived from the KEK for this purpose alone */
export function sealEnvelope(wrapKey: Buffer, context: string, value: Uint8Array): Buffer {
  const dataKey = randomBytes(keyBytes);
  const wrapped = encrypt(wrapKey, context, dataKey);
  const sealed = encrypt(dataKey, context, value);
  dataKey.fill(0);
  return Buffer.concat([magic, wrapped, sealed]);
}

/** Undefined when it is no envelope, of another key or context, or was changed. */
export function openEnvelope(
  wrapKey: Buffer,
  context: string,
  envelope: Uint8Array,
): Buffer | undefined {
  if (envelope.length < envelopeOverheadBytes || !magic.equals(envelope.subarray(0, magic.length)))
    return undefined;
  const sealedAt = magic.length + wrappedBytes;
  const dataKey = decrypt(wrapKey, context, envelope.subarray(magic.length, sealedAt));
  return dataKey && decrypt(dataKey, context, envelope.subarray(sealedAt));
}

function encrypt(key: Buffer, context: string, value: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Buffer, context: string, sealed: Uint8Array): Buffer | undefined {
  const nonce = sealed.subarray(0, nonceBytes);
  const tagAt = sealed.length - tagBytes;
  const cipher = createDecipheriv("aes-256-gcm", key, nonce)
    .setAAD(Buffer.from(context))
    .setAuthTag(sealed.subarray(tagAt));
  try {
    return Buffer.concat([cipher.update(sealed.subarray(nonceBytes, tagAt)), cipher.final()]);
  } catch {
    // The tag does not fit: not sealed so, or changed since.
    return undefined;
  }
}
