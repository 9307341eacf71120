/**
 * Voxtree native v1, what must hold from record to record of one stream and direction: sequence
 * numbers without a gap, media time that never falls. Both ends use this. Free of Node.
 */
import { recordName, type NativeHeader } from "./native-v1.js";
import { ProtocolError } from "./protocol-error.js";

const U32 = 0x1_0000_0000;

/** A pause of the sender may be this long; a longer jump is a broken clock. */
export const GAP_SECONDS_MAX = 600;

/** The sequence number after this one; after the last of 32 bits comes 0. */
export function nextSequence(sequence: number): number {
  return (sequence + 1) % U32;
}

/**
 * Checks a record's sequence number and returns the next one to expect. A WebSocket loses nothing,
 * so a gap or a repetition is a fault of the sender.
 *
 * @throws {ProtocolError} `PROTOCOL_SEQUENCE`
 */
export function checkSequence(header: NativeHeader, expected: number): number {
  if (header.sequence === expected) return nextSequence(expected);
  throw new ProtocolError(
    "PROTOCOL_SEQUENCE",
    `${recordName(header.type)} record of stream ${header.streamId} has sequence ` +
      `${header.sequence}, ${expected} is right`,
    { streamId: header.streamId, sequence: header.sequence, expected },
  );
}

/**
 * The full media time of an audio record, in samples, from its lowest 32 bits.
 *
 * @param endSamples full media time at which the previous frame ended
 * @throws {ProtocolError} `PROTOCOL_MEDIA_TIME` when it lies before that, or too far after it.
 */
export function fullMediaTime(header: NativeHeader, endSamples: number, rateHz: number): number {
  const gapSamples = (header.mediaTime - (endSamples % U32) + U32) % U32;
  if (gapSamples <= GAP_SECONDS_MAX * rateHz) return endSamples + gapSamples;
  throw new ProtocolError(
    "PROTOCOL_MEDIA_TIME",
    `audio record of stream ${header.streamId} has media time ${header.mediaTime}, ` +
      `${endSamples % U32} or up to ${GAP_SECONDS_MAX} s later is right`,
    { streamId: header.streamId, mediaTime: header.mediaTime, expected: endSamples % U32 },
  );
}

/**
 * The full media time of the first audio record of a resumed stream: it may lie before what came on
 * the lost connection, since what was on its way is sent again.
 *
 * @param endSamples full media time up to which audio came on earlier connections
 * @throws {ProtocolError} `PROTOCOL_MEDIA_TIME` when it lies too far from that
 */
export function resumedMediaTime(header: NativeHeader, endSamples: number, rateHz: number): number {
  const ahead = (header.mediaTime - (endSamples % U32) + U32) % U32;
  const offset = ahead < U32 / 2 ? ahead : ahead - U32;
  const samples = endSamples + offset;
  if (Math.abs(offset) <= GAP_SECONDS_MAX * rateHz && samples >= 0) return samples;
  throw new ProtocolError(
    "PROTOCOL_MEDIA_TIME",
    `audio record of stream ${header.streamId} has media time ${header.mediaTime} after a ` +
      `resumption, ${endSamples % U32} or at most ${GAP_SECONDS_MAX} s from it is right`,
    { streamId: header.streamId, mediaTime: header.mediaTime, expected: endSamples % U32 },
  );
}

/** The full media time of an audio record, wherever its stream stands. */
export function mediaTimeOf(
  header: NativeHeader,
  stream: {
    readonly inSamples: number;
    readonly earlierInSamples: number;
    readonly format: { readonly rateHz: number };
  },
): number {
  const { inSamples, earlierInSamples, format } = stream;
  if (inSamples >= 0) return fullMediaTime(header, inSamples, format.rateHz);
  if (earlierInSamples >= 0) return resumedMediaTime(header, earlierInSamples, format.rateHz);
  return header.mediaTime;
}

/**
 * Checks that an audio record is one frame of its stream.
 *
 * @throws {ProtocolError} `PROTOCOL_CODEC`, `PROTOCOL_FRAME_SAMPLES`, `PROTOCOL_FRAME_LENGTH`
 */
export function checkFrame(
  header: NativeHeader,
  format: {
    readonly codecId: number;
    readonly bytesPerSample: number;
    readonly frameBytes: number;
    /** For the message, e.g. `20 ms of l16/16000`. */
    readonly words: string;
  },
): void {
  const { streamId, codecId, payloadBytes } = header;
  if (codecId === format.codecId && payloadBytes === format.frameBytes) return;
  const where = `audio record of stream ${streamId}`;
  if (codecId !== format.codecId) {
    throw new ProtocolError(
      "PROTOCOL_CODEC",
      `${where} has codec id ${codecId}, the stream's ${format.codecId} is right`,
      { streamId, codecId, expected: format.codecId },
    );
  }
  if (payloadBytes % format.bytesPerSample !== 0) {
    throw new ProtocolError(
      "PROTOCOL_FRAME_SAMPLES",
      `${where} has ${payloadBytes} bytes, whole samples of ${format.bytesPerSample} bytes are right`,
      { streamId, payloadBytes, bytesPerSample: format.bytesPerSample },
    );
  }
  throw new ProtocolError(
    "PROTOCOL_FRAME_LENGTH",
    `${where} has ${payloadBytes} bytes, ${format.frameBytes} (${format.words}) is right`,
    { streamId, payloadBytes, expected: format.frameBytes },
  );
}
