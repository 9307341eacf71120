/**
 * One call on a native v1 connection of its own, as lean as a client can be: an audio record is
 * copied from the store behind a header whose two changing words are masked here. A connection that
 * is lost is followed by another one, which goes on where the engine says (`docs/protocol.md`).
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
import type { Line, LineEvents, Wire } from "./line.js";
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
  wire: Wire,
  { bytes }: AudioStore,
  place: { readonly index: number; readonly sequence: number; readonly mediaTime: number },
): void {
  scratchWords[sequenceWord] = place.sequence ^ MASK_WORD;
  scratchWords[mediaTimeWord] = place.mediaTime ^ MASK_WORD;
  const at = place.index * FRAME_BYTES;
  scratch.set(bytes.subarray(at, at + FRAME_BYTES), payloadAt);
  wire.send(scratch, messageBytes);
}

export type LineParts = {
  readonly wire: Wire;
  readonly store: AudioStore;
  readonly dial: Dial;
  readonly events: LineEvents;
};

/** Frames kept for a connection to come: 1.5 s, as our client keeps. */
const keptFrames = 75;

export class NativeLine implements Line {
  resumeMs = 0;
  readonly #parts: LineParts;
  readonly #place = { index: 0, sequence: 0, mediaTime: 0 };
  /** The newest frames, by their number in the call. */
  readonly #kept = new Int32Array(keptFrames);
  #frames = 0;
  #sentFrames = 0;
  readonly #keys: string[] = [];
  #sentKeys = 0;
  #resume: string | undefined;
  /** The engine may be told of this call: not between the loss of a connection and its `ready`. */
  #isOpen = false;
  #outSequence = 0;
  #outConnectionSequence = 0;
  #inSequence = 0;
  #inMediaTime = 0;
  #clearedUtterance = 0;
  /** Either side hung up: nothing more is sent. */
  #isOver = false;

  constructor(parts: LineParts) {
    this.#parts = parts;
  }

  open(): void {
    const { callId, token } = this.#parts.dial;
    const resume = this.#resume;
    this.#outSequence = this.#outConnectionSequence = this.#inSequence = 0;
    this.#isOpen = resume === undefined;
    this.#control("hello", 0, { versions: [1], limits: DEFAULT_NATIVE_LIMITS, agent: "bench" });
    const format = { codec: "pcmu", rateHz: 8000, frameMs: 20 } as const;
    const again = resume === undefined ? {} : { resume, receivedTime: this.#inMediaTime };
    this.#control("start", streamId, { callId, token, format, parameters: {}, ...again });
  }

  lost(): void {
    if (this.#isOpen) this.#parts.events.lost();
    this.#isOpen = false;
  }

  sendFrame(index: number): number {
    this.#kept[this.#frames % keptFrames] = index;
    this.#frames += 1;
    if (!this.#isOpen || this.#isOver) return this.#outSequence;
    return this.#sendKept(this.#frames - 1);
  }

  sendKey(digit: string): void {
    this.#keys.push(digit);
    if (!this.#isOpen) return;
    this.#sentKeys = this.#keys.length;
    this.#control("dtmf", streamId, { digit });
  }

  returnMark(name: string): void {
    if (this.#isOpen) this.#control("mark", streamId, { name });
  }

  hangUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.resumeMs = 0;
    this.#control("hangup", streamId, { reason: "hangup" });
  }

  receive(_opcode: number, bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end;) {
      const type = bytes[at + 1]!;
      const payload = at + NATIVE_HEADER_BYTES;
      const next = payload + bytes.readUInt32LE(at + 20);
      if (bytes.readUInt32LE(at + 4) === streamId) this.#checkSequence(bytes.readUInt32LE(at + 8));
      if (type === RECORD_TYPES.audio) this.#audio(bytes, at, next);
      else if (type === RECORD_TYPES.clear) this.#cleared(bytes.readUInt32LE(at + 12));
      else this.#received(type, bytes.subarray(payload, next));
      at = next;
    }
  }

  /** @returns the sequence number it had */
  #sendKept(frame: number): number {
    const place = this.#place;
    const sequence = this.#outSequence;
    place.index = this.#kept[frame % keptFrames]!;
    place.sequence = sequence;
    place.mediaTime = frame * FRAME_BYTES;
    sendAudioRecord(this.#parts.wire, this.#parts.store, place);
    this.#outSequence += 1;
    this.#sentFrames = frame + 1;
    return sequence;
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

  /** Behind a resumption the engine says its newest clear once more. */
  #cleared(utterance: number): void {
    if (utterance <= this.#clearedUtterance) return;
    this.#clearedUtterance = utterance;
    this.#parts.events.cleared();
  }

  #received(type: number, payload: Buffer): void {
    const { events } = this.#parts;
    const message = decodeControl(type, payload);
    if (message.name === "ready") return this.#ready(message.body);
    if (message.name === "ping") return this.#control("pong", 0, message.body);
    if (message.name === "mark") events.heardMark(message.body.name);
    if (message.name === "error") events.broke(`${message.body.code} ${message.body.message}`);
    if (message.name !== "hangup" || this.#isOver) return;
    // The engine hung up: the answer it waits for, and the end of a connection without calls.
    this.hangUp();
    this.#parts.wire.close();
  }

  #ready(ready: Readonly<ControlMessages["ready"]>): void {
    this.#resume = ready.resume;
    this.resumeMs = ready.resumeMs ?? 0;
    const awayMs = this.#parts.wire.settled();
    if (!ready.isResumed) return;
    this.#isOpen = true;
    // An engine in a new life has forgotten what it sent, and cannot tell what arrived.
    if (ready.keys === undefined) this.#inMediaTime = this.#clearedUtterance = 0;
    this.#parts.events.resumed(awayMs);
    this.#sendMissing(ready);
  }

  #sendMissing({ receivedTime = 0, keys }: Readonly<ControlMessages["ready"]>): void {
    const missing = keys === undefined ? this.#sentFrames : Math.ceil(receivedTime / FRAME_BYTES);
    const first = Math.max(missing, this.#frames - keptFrames);
    for (let frame = first; frame < this.#frames; frame += 1) this.#sendKept(frame);
    const untold = this.#keys.slice(keys ?? this.#sentKeys);
    for (const digit of untold) this.#control("dtmf", streamId, { digit });
    this.#sentKeys = this.#keys.length;
  }

  #control<Name extends ControlName>(
    name: Name,
    stream: 0 | 1,
    body: Readonly<ControlMessages[Name]>,
  ): void {
    const header = emptyNativeHeader();
    header.type = RECORD_TYPES[name];
    header.streamId = stream;
    header.sequence = stream === streamId ? this.#outSequence++ : this.#outConnectionSequence++;
    const frame = clientFrame(OPCODE.binary, encodeRecord(header, encodeControl(name, body)));
    this.#parts.wire.send(frame, frame.length);
  }
}
