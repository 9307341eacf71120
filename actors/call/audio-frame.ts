/**
 * One frame of the callee's audio, as it goes from the ring through the cast. It is lent: its
 * memory is the ring's, and whoever is free hears it where it lies (`ActorRef.lend`).
 */

/** One payload in the codec of its leg. */
export type AudioFrame = {
  readonly kind: "audio";
  readonly payload: Uint8Array;
  /** Media time of its first sample, in samples of the stream. */
  readonly mediaSamples: number;
  /** When it was read from its socket, monotonic. */
  readonly atMs: number;
};

/** What may be kept of a message that is lent: its audio is copied. */
export function ownFrame<M extends { readonly kind: string }>(message: M | AudioFrame): M {
  if (!isAudioFrame(message)) return message;
  return { ...message, payload: message.payload.slice() } as M & AudioFrame;
}

function isAudioFrame(message: { readonly kind: string }): message is AudioFrame {
  return message.kind === "audio" && "payload" in message;
}
