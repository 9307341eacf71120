/** Frames as on a native line, to a server that only sends them back: what the floor is made of. */
import type { Buffer } from "node:buffer";
import { FRAME_BYTES } from "./audio-store.js";
import type { Line } from "./line.js";
import { sendAudioRecord, type LineParts } from "./native-line.js";

/** Where a record has its sequence number, and its payload. */
const sequenceAt = 8;
const payloadAt = 24;

export class EchoLine implements Line {
  readonly resumeMs = 0;
  readonly #parts: LineParts;
  readonly #place = { index: 0, sequence: 0, mediaTime: 0 };

  constructor(parts: LineParts) {
    this.#parts = parts;
  }

  open(): void {}
  lost(): void {}
  sendKey(): void {}
  returnMark(): void {}
  hangUp(): void {}

  sendFrame(index: number): number {
    const place = this.#place;
    place.index = index;
    place.sequence += 1;
    sendAudioRecord(this.#parts.wire, this.#parts.store, place);
    place.mediaTime += FRAME_BYTES;
    return place.sequence;
  }

  receive(_opcode: number, bytes: Buffer, start: number, end: number): void {
    const { events } = this.#parts;
    events.returned(bytes.readUInt32LE(start + sequenceAt));
    events.heardFrame(1, bytes, start + payloadAt, end);
  }
}
