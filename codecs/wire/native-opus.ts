/** Voxtree native v1, frames as Opus packets: on streams whose both ends said `opus`. */
import type { NativeStream } from "./native-channel.js";
import type { NativeHeader } from "./native-v1.js";
import { ProtocolError } from "./protocol-error.js";

/**
 * The frames of an audio record that holds a packet.
 *
 * @throws {ProtocolError} `PROTOCOL_PAYLOAD` when it is none, or not of whole frames of the stream
 */
export function decodedFrames(
  { id, opus, words }: NativeStream,
  { payloadOffset, payloadBytes }: NativeHeader,
  message: Uint8Array,
): Uint8Array {
  try {
    return opus!.decode(message.subarray(payloadOffset, payloadOffset + payloadBytes));
  } catch (cause) {
    throw new ProtocolError(
      "PROTOCOL_PAYLOAD",
      `audio record of stream ${id} has ${payloadBytes} bytes that are no Opus packet of whole frames, each ${words}`,
      { payloadBytes },
      { cause },
    );
  }
}
