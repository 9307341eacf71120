/** The reason of a close frame, cut so that it fits. */
const REASON_BYTES_MAX = 123;

/**
 * Cuts a text to 123 bytes of UTF-8 without splitting a character.
 *
 * @see RFC 6455 section 5.5: a control frame carries at most 125 bytes, two of them the code.
 */
export function closeReason(reason: string): string {
  const bytes = new TextEncoder().encode(reason);
  if (bytes.length <= REASON_BYTES_MAX) return reason;
  let end = REASON_BYTES_MAX;
  // A byte 10xxxxxx continues a character: step back to where it starts.
  while ((bytes[end]! & 0xc0) === 0x80) end -= 1;
  return new TextDecoder().decode(bytes.subarray(0, end));
}

/** Codes that an endpoint may put into a close frame (RFC 6455 section 7.4). */
export function isSendableCloseCode(code: number): boolean {
  const isReserved = code === 1004 || code === 1005 || code === 1006;
  return (code >= 1000 && code <= 1014 && !isReserved) || (code >= 3000 && code <= 4999);
}
