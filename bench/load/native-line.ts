/**
 * One call on a native v1 connection of its own, as lean as a client can be: an audio record is
 * copied from the store behind a header whose two changing words are masked here.
 */
import { Buffer } from "node:buffer";
import { DEFAULT_NATIVE_LIMITS } from "../../codecs/wire/native-channel.js";
import {
  decodeControl,
  encodeControl,
  type ControlMessages,
  type ControlName,
} from "../../codecs/wire/native-control.js";
import {
  emptyNativeHeader,
  encodeRecord,
  NATIVE_HEADER_BYTES,
  RECORD_TYPES,
  writeHeader,
} from "../../codecs/wire/native-v1.js";
import { FRAME_BYTES, type AudioStore } from "./audio-store.js";
import { clientFrame, HEAD_BYTES, masked, MASK_WORD, OPCODE, writeHead } from "./client-frames.js";
import type { Line, LineEvents } from "./line.js";
import type { LoadSocket } from "./load-socket.js";
import type { Dial } from "./messages.js";

const payloadAt = HEAD_BYTES + NATIVE_HEADER_BYTES;
const messageBytes = payloadAt + FRAME_BYTES;
const streamId = 1;
const codecPcmu = 1;
const sequenceWord = (HEAD_BYTES + 8) / 4;
const mediaTimeWord = (HEAD_BYTES + 16) / 4;

/** One audio message, shared by all lines: it is written out before the next one is made. */
const scratch = Buffer.from(new ArrayBuffer(messageBytes));
const scratchWords = new Int32Array(scratch.buffer);

function prepareScratch(): void {
  const header = emptyNativeHeader();
  header.type = RECORD_TYPES.audio;
  header.codecId = codecPcmu;
  header.streamId = streamId;
  header.payloadBytes = FRAME_BYTES;
  const bytes = new Uint8Array(NATIVE_HEADER_BYTES);
  writeHeader(bytes, 0, header);
  writeHead(scratch, OPCODE.binary, NATIVE_HEADER_BYTES + FRAME_BYTES);
  scratch.set(masked(bytes), HEAD_BYTES);
}
prepareScratch();

/** Writes one audio record, in a message of its own. */
export function sendAudioRecord(
  socket: LoadSocket,
  { bytes }: AudioStore,
  place: { readonly index: number; readonly sequence: number; readonly mediaTime: number },
): void {
  scratchWords[sequenceWord] = place.sequence ^ MASK_WORD;
  scratchWords[mediaTimeWord] = place.mediaTime ^ MASK_WORD;
  const at = place.index * FRAME_BYTES;
  scratch.set(bytes.subarray(at, at + FRAME_BYTES), payloadAt);
  socket.send(scratch, messageBytes);
}

export type LineParts = {
  readonly socket: LoadSocket;
  readonly store: AudioStore;
  readonly dial: Dial;
  readonly events: LineEvents;
};

export class NativeLine implements Line {
  readonly #parts: LineParts;
  readonly #place = { index: 0, sequence: 0, mediaTime: 0 };
  #outSequence = 0;
  #inSequence = 0;
  #inMediaTime = 0;
  /** Either side hung up: nothing more is sent. */
  #isOver = false;

  constructor(parts: LineParts) {
    this.#parts = parts;
  }

  open(): void {
    const { callId, token } = this.#parts.dial;
    this.#control("hello", 0, { versions: [1], limits: DEFAULT_NATIVE_LIMITS, agent: "bench" });
    const format = { codec: "pcmu", rateHz: 8000, frameMs: 20 } as const;
    this.#control("start", streamId, { callId, token, format, parameters: {} });
  }

  sendFrame(index: number): number {
    const place = this.#place;
    if (this.#isOver) return place.sequence;
    place.index = index;
    place.sequence = this.#outSequence;
    sendAudioRecord(this.#parts.socket, this.#parts.store, place);
    place.mediaTime += FRAME_BYTES;
    this.#outSequence += 1;
    return place.sequence;
  }

  sendKey(digit: string): void {
    this.#control("dtmf", streamId, { digit });
  }

  returnMark(name: string): void {
    this.#control("mark", streamId, { name });
  }

  hangUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#control("hangup", streamId, { reason: "hangup" });
  }

  receive(_opcode: number, bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end;) {
      const type = bytes[at + 1]!;
      const payload = at + NATIVE_HEADER_BYTES;
      const next = payload + bytes.readUInt32LE(at + 20);
      if (bytes.readUInt32LE(at + 4) === streamId) this.#checkSequence(bytes.readUInt32LE(at + 8));
      if (type === RECORD_TYPES.audio) this.#audio(bytes, at, next);
      else this.#received(type, bytes.subarray(payload, next));
      at = next;
    }
  }

  #checkSequence(sequence: number): void {
    if (sequence !== this.#inSequence) {
      this.#parts.events.broke(`sequence ${sequence}, ${this.#inSequence} is right`);
    }
    this.#inSequence = sequence + 1;
  }

  #audio(bytes: Buffer, at: number, end: number): void {
    const { events } = this.#parts;
    const mediaTime = bytes.readUInt32LE(at + 16);
    const payload = at + NATIVE_HEADER_BYTES;
    if (mediaTime !== this.#inMediaTime || end - payload !== FRAME_BYTES) {
      events.broke(`${end - payload} bytes at media time ${mediaTime}, not ${this.#inMediaTime}`);
    }
    this.#inMediaTime = mediaTime + FRAME_BYTES;
    events.heardFrame(bytes.readUInt32LE(at + 12), bytes, payload, end);
  }

  #received(type: number, payload: Buffer): void {
    const { events } = this.#parts;
    if (type === RECORD_TYPES.clear) return events.cleared();
    const message = decodeControl(type, payload);
    if (message.name === "mark") events.heardMark(message.body.name);
    if (message.name === "error") events.broke(`${message.body.code} ${message.body.message}`);
    // The engine hung up: the answer it waits for; the socket's end is told by the socket.
    if (message.name === "hangup") this.hangUp();
  }

  #control<Name extends ControlName>(
    name: Name,
    stream: 0 | 1,
    body: Readonly<ControlMessages[Name]>,
  ): void {
    const header = emptyNativeHeader();
    header.type = RECORD_TYPES[name];
    header.streamId = stream;
    if (stream === streamId) header.sequence = this.#outSequence++;
    const frame = clientFrame(OPCODE.binary, encodeRecord(header, encodeControl(name, body)));
    this.#parts.socket.send(frame, frame.length);
  }
}
