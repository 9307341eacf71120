/** One call on a trunk: its order is checked as on a connection of its own. It is not resumed. */
import type { Buffer } from "node:buffer";
import { decodeControl, type ControlMessages } from "../../codecs/wire/native-control.js";
import { NATIVE_HEADER_BYTES, RECORD_TYPES } from "../../codecs/wire/native-v1.js";
import { FRAME_BYTES } from "./audio-store.js";
import type { Line, LineEvents } from "./line.js";
import type { Dial } from "./messages.js";
import type { TrunkCall, TrunkConnection } from "./trunk-connection.js";

export type TrunkLineParts = {
  readonly trunk: TrunkConnection;
  /** Unique on the connection, from 1. */
  readonly streamId: number;
  readonly dial: Dial;
  readonly events: LineEvents;
  /** The engine let it in. */
  readonly opened: () => void;
  /** Told once: either side hung up. */
  readonly closed: (reason: string) => void;
};

export class TrunkLine implements Line, TrunkCall {
  readonly resumeMs = 0;
  readonly #parts: TrunkLineParts;
  #outSequence = 0;
  #sentFrames = 0;
  #inSequence = 0;
  #inMediaTime = 0;
  #isOver = false;

  constructor(parts: TrunkLineParts) {
    this.#parts = parts;
  }

  open(): void {
    this.#parts.trunk.add(this.#parts.streamId, this);
  }

  lost(): void {
    // Not resumed: whoever owns the connection tells of its end.
  }

  connected(): void {
    const { callId, token } = this.#parts.dial;
    const format = { codec: "pcmu", rateHz: 8000, frameMs: 20 } as const;
    this.#control("start", { callId, token, format, parameters: {} });
  }

  sendFrame(index: number): number {
    const sequence = this.#outSequence;
    if (this.#isOver) return sequence;
    const { trunk, streamId } = this.#parts;
    trunk.addFrame(streamId, sequence, index, this.#sentFrames * FRAME_BYTES);
    this.#outSequence += 1;
    this.#sentFrames += 1;
    return sequence;
  }

  sendKey(digit: string): void {
    this.#control("dtmf", { digit });
  }

  returnMark(name: string): void {
    this.#control("mark", { name });
  }

  hangUp(): void {
    if (this.#isOver) return;
    this.#control("hangup", { reason: "hangup" });
    this.#isOver = true;
  }

  receive(): void {
    // Messages are the connection's.
  }

  record(type: number, bytes: Buffer, at: number, end: number): void {
    const { events } = this.#parts;
    const sequence = bytes.readUInt32LE(at + 8);
    if (sequence !== this.#inSequence) {
      events.broke(`sequence ${sequence}, ${this.#inSequence} is right`);
    }
    this.#inSequence = sequence + 1;
    if (type === RECORD_TYPES.audio) this.#audio(bytes, at, end);
    else if (type === RECORD_TYPES.clear) events.cleared();
    else this.#received(type, bytes.subarray(at + NATIVE_HEADER_BYTES, end));
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
    const { events, opened } = this.#parts;
    const message = decodeControl(type, payload);
    if (message.name === "ready") opened();
    if (message.name === "mark") events.heardMark(message.body.name);
    if (message.name === "error") events.broke(`${message.body.code} ${message.body.message}`);
    if (message.name !== "hangup") return;
    // Where the engine began, it waits for this answer.
    this.hangUp();
    this.#parts.trunk.remove(this.#parts.streamId);
    this.#parts.closed(message.body.reason);
  }

  #control<Name extends "start" | "dtmf" | "mark" | "hangup">(
    name: Name,
    body: Readonly<ControlMessages[Name]>,
  ): void {
    if (this.#isOver) return;
    const { trunk, streamId } = this.#parts;
    trunk.control(name, { streamId, sequence: this.#outSequence++ }, body);
  }
}
