/**
 * Many calls on one native v1 connection. What they send in one pass of the generator's clock goes
 * out as one message, packed as a client packs it; what comes is taken apart and given to its call.
 */
import { Buffer } from "node:buffer";
import { DEFAULT_NATIVE_LIMITS } from "../../codecs/wire/native-channel.js";
import { encodeControl, type ControlMessages } from "../../codecs/wire/native-control.js";
import type { ControlName } from "../../codecs/wire/native-control.js";
import {
  emptyNativeHeader,
  encodeRecord,
  NATIVE_HEADER_BYTES,
  RECORD_TYPES,
  writeHeader,
} from "../../codecs/wire/native-v1.js";
import { FRAME_BYTES, type AudioStore } from "./audio-store.js";
import { clientFrame, HEAD_BYTES, masked, MASK_WORD, OPCODE, writeHead } from "./client-frames.js";
import { LoadSocket, type LoadSocketOptions } from "./load-socket.js";

const recordWords = (NATIVE_HEADER_BYTES + FRAME_BYTES) / 4;
const headerWords = NATIVE_HEADER_BYTES / 4;
/** What 16 bits of length hold, in whole records. */
const recordsMax = Math.floor(65_535 / (4 * recordWords));
/** As many as a stream id can name: that makes it a trunk. */
const streamsMax = 0xffff_ffff;

/** A call on the connection. */
export type TrunkCall = {
  /** The connection is open: introduce yourself. */
  connected(): void;
  /** A record of the call; its payload is `bytes[payload .. end)`. */
  record(type: number, bytes: Buffer, at: number, end: number): void;
};

export type TrunkConnectionOptions = Pick<
  LoadSocketOptions,
  "host" | "port" | "path" | "subprotocol"
> & { readonly store: AudioStore; readonly closed: (reason: string) => void };

export class TrunkConnection {
  readonly #socket: LoadSocket;
  readonly #calls = new Map<number, TrunkCall>();
  readonly #audio: Int32Array;
  readonly #pack = Buffer.from(new ArrayBuffer(HEAD_BYTES + recordsMax * recordWords * 4));
  readonly #words = new Int32Array(this.#pack.buffer);
  #records = 0;
  #sequence = 0;
  #isOpen = false;

  constructor({ store, closed, ...place }: TrunkConnectionOptions) {
    this.#audio = new Int32Array(
      store.bytes.buffer,
      store.bytes.byteOffset,
      store.bytes.length / 4,
    );
    this.#socket = new LoadSocket({
      ...place,
      opened: () => this.#opened(),
      message: (_opcode, bytes, start, end) => this.#receive(bytes, start, end),
      closed,
    });
  }

  get blockedCount(): number {
    return this.#socket.blockedCount;
  }

  resetBlocked(): void {
    this.#socket.blockedCount = 0;
  }

  add(streamId: number, call: TrunkCall): void {
    this.#calls.set(streamId, call);
    if (this.#isOpen) call.connected();
  }

  remove(streamId: number): void {
    this.#calls.delete(streamId);
  }

  /** Packs frame number `index` of the store; it goes out with `flush`. */
  addFrame(streamId: number, sequence: number, index: number, mediaTime: number): void {
    if (this.#records === recordsMax) this.flush();
    const words = this.#words;
    const at = HEAD_BYTES / 4 + this.#records * recordWords;
    for (let word = 0; word < headerWords; word += 1) words[at + word] = template[word]!;
    words[at + 1] = streamId ^ MASK_WORD;
    words[at + 2] = sequence ^ MASK_WORD;
    words[at + 4] = mediaTime ^ MASK_WORD;
    const from = (index * FRAME_BYTES) / 4;
    const into = at + headerWords;
    for (let word = 0; word < FRAME_BYTES / 4; word += 1) {
      words[into + word] = this.#audio[from + word]!;
    }
    this.#records += 1;
  }

  flush(): void {
    if (this.#records === 0) return;
    const payloadBytes = this.#records * recordWords * 4;
    this.#records = 0;
    writeHead(this.#pack, OPCODE.binary, payloadBytes);
    this.#socket.send(this.#pack, HEAD_BYTES + payloadBytes);
  }

  /** Sends a control record behind what is packed. */
  control<Name extends ControlName>(
    name: Name,
    place: { readonly streamId: number; readonly sequence: number },
    body: Readonly<ControlMessages[Name]>,
  ): void {
    this.flush();
    const header = { ...emptyNativeHeader(), type: RECORD_TYPES[name], ...place };
    const frame = clientFrame(OPCODE.binary, encodeRecord(header, encodeControl(name, body)));
    this.#socket.send(frame, frame.length);
  }

  close(): void {
    this.#socket.close();
  }

  #opened(): void {
    this.#isOpen = true;
    const limits = { ...DEFAULT_NATIVE_LIMITS, streamsMax };
    this.#ofConnection("hello", { versions: [1], limits, agent: "bench" });
    for (const call of this.#calls.values()) call.connected();
  }

  #ofConnection<Name extends ControlName>(name: Name, body: Readonly<ControlMessages[Name]>): void {
    this.control(name, { streamId: 0, sequence: this.#sequence++ }, body);
  }

  #receive(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end;) {
      const next = at + NATIVE_HEADER_BYTES + bytes.readUInt32LE(at + 20);
      const streamId = bytes.readUInt32LE(at + 4);
      const type = bytes[at + 1]!;
      if (streamId !== 0) this.#calls.get(streamId)?.record(type, bytes, at, next);
      // Its body, the id of a stream, is what the answer carries: it is sent back as it came.
      else if (type === RECORD_TYPES.ping) this.#pong(bytes, at + NATIVE_HEADER_BYTES, next);
      at = next;
    }
  }

  #pong(bytes: Buffer, start: number, end: number): void {
    this.flush();
    const header = { ...emptyNativeHeader(), type: RECORD_TYPES.pong, sequence: this.#sequence++ };
    const frame = clientFrame(OPCODE.binary, encodeRecord(header, bytes.subarray(start, end)));
    this.#socket.send(frame, frame.length);
  }
}

/** The header of an audio record, masked; three of its words change from record to record. */
const template = templateWords();

function templateWords(): Int32Array {
  const header = emptyNativeHeader();
  header.type = RECORD_TYPES.audio;
  header.codecId = 1;
  header.payloadBytes = FRAME_BYTES;
  const bytes = new Uint8Array(NATIVE_HEADER_BYTES);
  writeHeader(bytes, 0, header);
  return new Int32Array(masked(bytes).buffer);
}
