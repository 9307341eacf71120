/** The rules of RFC 6455 that the first bytes of a client's frame can break. Pure. */
import { CLOSE } from "../transport.js";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A broken rule: the code to close with, and the words. */
export type Violation = { readonly code: number; readonly reason: string };

/** A control frame carries no more (RFC 6455 section 5.5). */
export const CONTROL_BYTES_MAX = 125;

export function violation(reason: string, code: number = CLOSE.protocolError): Violation {
  return { code, reason };
}

/**
 * What is wrong with the first two bytes of a frame, which is told before the rest has come.
 *
 * @param isInMessage a message has begun and its last fragment has not come
 */
export function judgeFirstBytes(
  first: number,
  second: number,
  isInMessage: boolean,
): Violation | undefined {
  const opcode = first & 0x0f;
  const isFinal = (first & 0x80) !== 0;
  if ((first & 0x70) !== 0) {
    return violation("reserved bits are set, no extension was agreed (RFC 6455 section 5.2)");
  }
  if ((second & 0x80) === 0) {
    return violation("a frame of a client must be masked (RFC 6455 section 5.1)");
  }
  switch (opcode) {
    case OPCODE.continuation:
      return isInMessage
        ? undefined
        : violation("a continuation without a message to continue (RFC 6455 section 5.4)");
    case OPCODE.text:
    case OPCODE.binary:
      return isInMessage
        ? violation("a new message before the last one ended (RFC 6455 section 5.4)")
        : undefined;
    case OPCODE.close:
    case OPCODE.ping:
    case OPCODE.pong:
      if (!isFinal) return violation("a control frame is not fragmented (RFC 6455 section 5.5)");
      return (second & 0x7f) > CONTROL_BYTES_MAX
        ? violation(`a control frame has at most ${CONTROL_BYTES_MAX} bytes (RFC 6455 section 5.5)`)
        : undefined;
    default:
      return violation(`opcode ${opcode} is reserved (RFC 6455 section 5.2)`);
  }
}

/** Bytes of a frame's head, told by its second byte: 6, 8 or 14, the masking key included. */
export function headBytesOf(second: number): number {
  const length = second & 0x7f;
  return length < 126 ? 6 : length === 126 ? 8 : 14;
}
