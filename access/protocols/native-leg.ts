/** One stream of a native connection, the engine's end: what its session keeps of it. */
import type { OpenOpus, OpusPacketMs } from "../../codecs/audio/opus-line.js";
import type { NativeChannel, NativeStream } from "../../codecs/wire/native-channel.js";
import { newNativeStream } from "../../codecs/wire/native-channel.js";
import type { StartMessage } from "../../codecs/wire/native-control.js";
import { NATIVE_HEADER_BYTES } from "../../codecs/wire/native-v1.js";
import type { MediaPeer } from "./media-protocol.js";
import { OpusLeg, type OpusChange } from "./opus-leg.js";
import { PendingMarks } from "./pending-marks.js";

export type NativeLeg = {
  readonly stream: NativeStream;
  readonly marks: PendingMarks;
  /** Frames go out as Opus packets; set once the client offered it and `ready` said so. */
  opus: OpusLeg | undefined;
  readonly offersOpus: boolean;
  /** How long it would like the packets. */
  readonly packetMs: OpusPacketMs | undefined;
  /** We hung up; only the peer's hang-up is awaited. */
  isClosing: boolean;
  clearedUtterance: number;
  lastUtterance: number;
};

/** A stream that its peer wants to start; its `start` was the first record. */
export function newNativeLeg(streamId: number, start: Readonly<StartMessage>): NativeLeg {
  const stream = newNativeStream(streamId, start.format);
  stream.inSequence = 1;
  return {
    stream,
    marks: new PendingMarks(),
    opus: undefined,
    offersOpus: start.opus === true,
    packetMs: start.packetMs,
    isClosing: false,
    clearedUtterance: 0,
    lastUtterance: 0,
  };
}

/** Utterance 0 is none and never overtaken. */
export function isOvertaken(leg: NativeLeg, utterance: number): boolean {
  return utterance !== 0 && utterance <= leg.clearedUtterance;
}

/**
 * Agrees on Opus where the peer offered it and we have it.
 *
 * @returns what `ready` says of it
 */
export function agreeOnOpus(
  leg: NativeLeg,
  parts: {
    readonly channel: NativeChannel;
    readonly openOpus: OpenOpus | undefined;
    readonly peer: MediaPeer;
    readonly changed: (change: OpusChange) => void;
  },
): { opus?: true; packetMs?: OpusPacketMs } {
  const { stream, offersOpus } = leg;
  const { frameMs, rateHz } = stream.format;
  const { channel, openOpus, peer, changed } = parts;
  const line = offersOpus ? openOpus?.(stream.format, frameMs) : undefined;
  if (line === undefined) return {};
  const packetMs = leg.packetMs === undefined || leg.packetMs < frameMs ? frameMs : leg.packetMs;
  stream.opus = line;
  leg.opus = new OpusLeg({
    line,
    ...stream,
    frameMs,
    rateHz,
    packetMs,
    time: peer,
    headerBytes: NATIVE_HEADER_BYTES,
    // What waits is that of all streams on the connection.
    queuedBytes: () => (peer.queuedBytes?.() ?? 0) / channel.streams.size,
    send: (packet, utterance, samples) =>
      channel.sendAudio(stream, packet, utterance, samples, true),
    changed,
  });
  return { opus: true, ...(packetMs === frameMs ? {} : { packetMs }) };
}
