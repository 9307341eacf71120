/**
 * A small media protocol for simulated phones: little to parse, batches of any length allowed, and
 * nothing of its own that would hide a mistake of the gateway: it lets through what it is given.
 *
 * ```
 * audio in:   [ media time u32 ][ payload ]       audio out:  [ utterance u32 ][ payload ]
 * everything else is text: a word and its arguments, e.g. `start c17 <token> pcmu`, or, to come
 * back, `start c17 <token> pcmu <resume> <samples that arrived>`
 * the answer is `ready <resume>` and `first`, the samples from which on audio is sent again, or
 * `anew`: it never sent any
 * ```
 */
import type {
  MediaLink,
  MediaProtocol,
  MediaSession,
  MediaSink,
  ReadyOptions,
} from "../../access/protocols/media-protocol.js";
import { ProtocolError } from "../../codecs/wire/protocol-error.js";
import type { CodecName } from "../../codecs/audio/audio-codec.js";

const streamId = 1;
const headBytes = 4;

export const simPath = (hasMarks: boolean): string => `/media/simulated/${hasMarks ? "m" : "n"}`;

/** Both flavours: phones that return marks and come back when they are cut off, and others. */
export function simProtocols(): readonly MediaProtocol[] {
  return [true, false].map((hasMarks) => ({
    name: hasMarks ? "simulated" : "simulated-bare",
    path: simPath(hasMarks),
    marks: hasMarks ? "played" : "none",
    canResume: hasMarks,
    open: (send, sink, close) => new SimSession(send, sink, close),
  }));
}

/** One message of audio. @param head media time or utterance */
export function audioMessage(head: number, payload: Uint8Array): Uint8Array {
  const message = new Uint8Array(headBytes + payload.length);
  new DataView(message.buffer).setUint32(0, head);
  message.set(payload, headBytes);
  return message;
}

/** Media time or utterance of an audio message. */
export function headOf(message: Uint8Array): number {
  return ((message[0]! << 24) | (message[1]! << 16) | (message[2]! << 8) | message[3]!) >>> 0;
}

/** What an audio message carries: a view. */
export function payloadOf(message: Uint8Array): Uint8Array {
  return message.subarray(headBytes);
}

class SimSession implements MediaSession {
  readonly #send: MediaLink["send"];
  readonly #sink: MediaSink;
  readonly #close: MediaLink["close"];
  #isOpen = false;
  /** It has our `ready` when it says anything else. */
  #isConfirmed = false;

  constructor(send: MediaLink["send"], sink: MediaSink, close: MediaLink["close"]) {
    this.#send = send;
    this.#sink = sink;
    this.#close = close;
  }

  receive(message: Uint8Array | string): void {
    if (this.#isOpen && !this.#isConfirmed) {
      this.#isConfirmed = true;
      this.#sink.confirmed?.(streamId);
    }
    if (typeof message !== "string") {
      if (!this.#isOpen) return;
      return this.#sink.frame(streamId, payloadOf(message), headOf(message));
    }
    const [word, ...rest] = message.split(" ");
    switch (word) {
      case "start":
        return this.#start(rest);
      case "dtmf":
        if (this.#isOpen) this.#sink.dtmf(streamId, rest[0]!);
        return;
      case "mark":
        if (this.#isOpen) this.#sink.markReached(streamId, rest[0]!, "played");
        return;
      case "hangup":
        return this.#end("the callee hung up");
      default:
        throw new ProtocolError("PROTOCOL_ORDER", `"${word}" is no word of this protocol`);
    }
  }

  ready(_streamId: number, { resume, isResumed, sentSamples }: ReadyOptions = {}): void {
    const from = isResumed === true ? (sentSamples ?? "anew") : "first";
    this.#send(`ready ${resume ?? "-"} ${from}`);
  }

  release(): void {
    this.#isOpen = false;
  }

  sendFrame(_streamId: number, payload: Uint8Array, utterance: number): void {
    this.#send(audioMessage(utterance, payload));
  }

  sendMark(_streamId: number, name: string): void {
    this.#send(`mark ${name}`);
  }

  sendClear(_streamId: number, utterance: number): void {
    this.#send(`clear ${utterance}`);
  }

  hangup(_streamId: number, reason: string): void {
    this.#isOpen = false;
    this.#send(`hangup ${reason}`);
    this.#close(1000, reason);
  }

  closed(): void {
    this.#end("connectionLost");
  }

  #start([callId = "", token = "", codec = "", resume, received]: readonly string[]): void {
    if (this.#isOpen) throw new ProtocolError("PROTOCOL_ORDER", "start came twice");
    this.#isOpen = true;
    this.#sink.started({
      streamId,
      format: { codec: codec as CodecName, rateHz: 8000 },
      frameMs: 20,
      callId,
      token,
      ...(resume === undefined ? {} : { resume, receivedTime: Number(received) }),
      parameters: {},
      peerIds: {},
    });
  }

  #end(reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#sink.ended(streamId, reason);
  }
}
