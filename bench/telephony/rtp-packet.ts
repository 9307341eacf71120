/** RTP packets with a fixed header, and keys as events. @see RFC 3550 section 5.1, RFC 4733 */

export type RtpPacket = {
  readonly payloadType: number;
  readonly sequence: number;
  /** In samples. */
  readonly timestamp: number;
  readonly isMarked: boolean;
  readonly payload: Uint8Array;
};

const headerBytes = 12;
const keys = "0123456789*#ABCD";

/** Undefined for what is no RTP. */
export function parseRtp(bytes: Buffer): RtpPacket | undefined {
  if (bytes.length < headerBytes || bytes[0]! >> 6 !== 2) return undefined;
  const contributors = bytes[0]! & 0x0f;
  const from = headerBytes + contributors * 4;
  if (bytes.length < from) return undefined;
  return {
    payloadType: bytes[1]! & 0x7f,
    isMarked: bytes[1]! >> 7 === 1,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    payload: bytes.subarray(from),
  };
}

export function formatRtp(packet: RtpPacket, source: number): Buffer {
  const bytes = Buffer.alloc(headerBytes + packet.payload.length);
  bytes[0] = 0x80;
  bytes[1] = packet.payloadType | (packet.isMarked ? 0x80 : 0);
  bytes.writeUInt16BE(packet.sequence & 0xffff, 2);
  bytes.writeUInt32BE(packet.timestamp >>> 0, 4);
  bytes.writeUInt32BE(source, 8);
  bytes.set(packet.payload, headerBytes);
  return bytes;
}

/** The payload of a key event. @param samples how long it is pressed so far */
export function keyEvent(digit: string, samples: number, isEnd: boolean): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes[0] = keys.indexOf(digit);
  bytes[1] = 10 | (isEnd ? 0x80 : 0);
  bytes.writeUInt16BE(samples, 2);
  return bytes;
}

/** The key of an event that has ended; undefined while it is pressed. */
export function endedKey(payload: Uint8Array): string | undefined {
  if (payload.length < 4 || (payload[1]! & 0x80) === 0) return undefined;
  return keys[payload[0]!];
}
