/**
 * Frames of a client, taken apart where they lie. A message that is whole in what was read is
 * unmasked in place and handed on as a view of it; only what is split, by fragments or by the
 * network, is copied together, and no more than has really come.
 *
 *   head ──▶ payload ──▶ head …      a broken rule or a close frame ends it
 */
import { isUtf8 } from "node:buffer";
import { isSendableCloseCode } from "../close-reason.js";
import { CLOSE } from "../transport.js";
import {
  CONTROL_BYTES_MAX,
  headBytesOf,
  judgeFirstBytes,
  OPCODE,
  violation,
  type Violation,
} from "./frame-rules.js";
import { MessageViews } from "./message-views.js";
import { turnKey, unmask } from "./unmask.js";

/** The longest head: 2 bytes, 8 of length, 4 of masking key. */
const HEAD_BYTES_MAX = 14;
/** A message that is put together starts with so much memory and doubles it as bytes come. */
const JOIN_BYTES_MIN = 1024;
/** What decoding puts in the place of broken UTF-8; it may also have been sent as it is. */
const REPLACEMENT = "\ufffd";

/** What comes of the frames. */
export interface FrameReceiver {
  /** A whole message; binary data is a view that is valid during the call. */
  message(data: Uint8Array | string): void;
  /** @param payload valid during the call */
  ping(payload: Uint8Array): void;
  /** The peer closes; 1005 when it gave no code. Nothing comes after it. */
  peerClosed(code: number, reason: string): void;
  /** The peer broke a rule. Nothing comes after it. */
  peerBroke(violation: Violation): void;
}

export class FrameParser {
  readonly #receiver: FrameReceiver;
  readonly #messageBytesMax: number;
  readonly #views: MessageViews;
  /** A head that has not come whole. */
  readonly #head = Buffer.alloc(HEAD_BYTES_MAX);
  #headBytes = 0;
  // The frame whose payload comes.
  #isInPayload = false;
  #isFinal = false;
  #opcode = 0;
  #key = 0;
  #payloadBytes = 0;
  #leftBytes = 0;
  /** What a message of several fragments is, 0 between messages. */
  #messageOpcode = 0;
  #joined: Buffer | undefined;
  #joinedBytes = 0;
  #control: Buffer | undefined;
  #isOver = false;
  /** How much of the chunk that is being taken was read. */
  #chunkBytes = 0;

  /**
   * @param messageBytesMax a longer message breaks the rules as soon as its head says so
   * @param views shared by parsers that take from one buffer
   */
  constructor(receiver: FrameReceiver, messageBytesMax: number, views = new MessageViews()) {
    this.#receiver = receiver;
    this.#messageBytesMax = messageBytesMax;
    this.#views = views;
  }

  /**
   * Takes what was read, and changes it: payloads are unmasked in place.
   *
   * @param bytes how much of the chunk was read
   * @returns how many frames it completed
   */
  take(chunk: Buffer, bytes = chunk.length): number {
    this.#chunkBytes = bytes;
    let at = 0;
    let frames = 0;
    while (!this.#isOver) {
      if (!this.#isInPayload) {
        at = this.#takeHead(chunk, at);
        if (!this.#isInPayload) break;
      }
      const until = Math.min(at + this.#leftBytes, bytes);
      unmask(chunk, at, until, this.#key);
      const cameBytes = until - at;
      if (cameBytes < this.#leftBytes) {
        this.#keep(chunk, at, until);
        this.#leftBytes -= cameBytes;
        this.#key = turnKey(this.#key, cameBytes);
        break;
      }
      this.#isInPayload = false;
      frames += 1;
      if (cameBytes === this.#payloadBytes) this.#whole(chunk, at, until);
      else this.#completed(chunk, at, until);
      at = until;
    }
    return frames;
  }

  /** Reads a head, or as much of it as there is; returns where the rest begins. */
  #takeHead(chunk: Buffer, from: number): number {
    const chunkBytes = this.#chunkBytes;
    if (this.#headBytes === 0 && from + 1 < chunkBytes) {
      const headBytes = headBytesOf(chunk[from + 1]!);
      if (from + headBytes <= chunkBytes) {
        this.#begin(chunk, from, headBytes);
        return from + headBytes;
      }
    }
    const head = this.#head;
    for (let at = from; at < chunkBytes; at++) {
      head[this.#headBytes++] = chunk[at]!;
      if (this.#headBytes < 2) continue;
      if (this.#headBytes === 2 && this.#isWrong(head, 0)) return at;
      const headBytes = headBytesOf(head[1]!);
      if (this.#headBytes < headBytes) continue;
      this.#headBytes = 0;
      this.#begin(head, 0, headBytes);
      return at + 1;
    }
    return chunkBytes;
  }

  #isWrong(head: Buffer, at: number): boolean {
    const wrong = judgeFirstBytes(head[at]!, head[at + 1]!, this.#messageOpcode !== 0);
    if (wrong !== undefined) this.#broke(wrong);
    return wrong !== undefined;
  }

  /** Begins a frame whose head lies whole at `at`. */
  #begin(head: Buffer, at: number, headBytes: number): void {
    if (this.#isWrong(head, at)) return;
    const first = head[at]!;
    let payloadBytes = head[at + 1]! & 0x7f;
    if (headBytes !== 6) {
      // A length above 2^53 reads as one that is too large all the same.
      const isShort = headBytes === 8;
      payloadBytes = isShort
        ? head.readUInt16BE(at + 2)
        : head.readUInt32BE(at + 2) * 2 ** 32 + head.readUInt32BE(at + 6);
      if (payloadBytes < (isShort ? 126 : 65_536)) {
        return this.#broke(violation("a length has its shortest form (RFC 6455 section 5.2)"));
      }
    }
    const opcode = first & 0x0f;
    const messageBytes = this.#joinedBytes + payloadBytes;
    if (opcode < OPCODE.close && messageBytes > this.#messageBytesMax) {
      const reason = `a message of ${messageBytes} bytes, at most ${this.#messageBytesMax} is right`;
      return this.#broke(violation(reason, CLOSE.tooBig));
    }
    this.#isFinal = (first & 0x80) !== 0;
    this.#opcode = opcode;
    this.#payloadBytes = this.#leftBytes = payloadBytes;
    this.#key = head.readInt32LE(at + headBytes - 4);
    this.#isInPayload = true;
  }

  /** A frame that lies whole in what was read. */
  #whole(chunk: Buffer, from: number, to: number): void {
    if (this.#opcode >= OPCODE.close) return this.#controlFrame(chunk, from, to);
    if (this.#opcode !== OPCODE.continuation && this.#isFinal) {
      return this.#message(this.#opcode, chunk, from, to);
    }
    this.#completed(chunk, from, to);
  }

  /** The last piece of a frame that did not come at once, or of one fragment. */
  #completed(chunk: Buffer, from: number, to: number): void {
    this.#keep(chunk, from, to);
    if (this.#opcode >= OPCODE.close) {
      return this.#controlFrame(this.#control!, 0, this.#payloadBytes);
    }
    if (this.#opcode !== OPCODE.continuation) this.#messageOpcode = this.#opcode;
    if (!this.#isFinal) return;
    const [opcode, joined, bytes] = [this.#messageOpcode, this.#joined, this.#joinedBytes];
    this.#messageOpcode = 0;
    this.#joined = undefined;
    this.#joinedBytes = 0;
    this.#message(opcode, joined ?? Buffer.alloc(0), 0, bytes);
  }

  /** Copies a piece to those that came before it. */
  #keep(chunk: Buffer, from: number, to: number): void {
    if (this.#opcode >= OPCODE.close) {
      this.#control ??= Buffer.alloc(CONTROL_BYTES_MAX);
      chunk.copy(this.#control, this.#payloadBytes - this.#leftBytes, from, to);
      return;
    }
    if (from === to) return;
    const bytes = this.#joinedBytes + to - from;
    if (this.#joined === undefined || bytes > this.#joined.length) this.#grow(bytes);
    chunk.copy(this.#joined!, this.#joinedBytes, from, to);
    this.#joinedBytes = bytes;
  }

  #grow(bytes: number): void {
    const before = this.#joined;
    const doubled = Math.max(bytes, JOIN_BYTES_MIN, 2 * (before?.length ?? 0));
    this.#joined = Buffer.allocUnsafeSlow(Math.min(doubled, this.#messageBytesMax));
    before?.copy(this.#joined, 0, 0, this.#joinedBytes);
  }

  #message(opcode: number, bytes: Buffer, from: number, to: number): void {
    if (opcode === OPCODE.binary) {
      this.#receiver.message(this.#views.view(bytes, from, to));
      return;
    }
    const text = bytes.toString("utf8", from, to);
    // Only a text with a replacement character can have been broken.
    if (text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(from, to))) {
      const reason = "a text message is not UTF-8 (RFC 6455 section 8.1)";
      return this.#broke(violation(reason, CLOSE.invalidText));
    }
    this.#receiver.message(text);
  }

  #controlFrame(bytes: Buffer, from: number, to: number): void {
    if (this.#opcode === OPCODE.ping) this.#receiver.ping(bytes.subarray(from, to));
    else if (this.#opcode === OPCODE.close) this.#closeFrame(bytes.subarray(from, to));
  }

  #closeFrame(payload: Buffer): void {
    if (payload.length === 0) {
      this.#isOver = true;
      return this.#receiver.peerClosed(CLOSE.none, "");
    }
    const code = payload.length === 1 ? 0 : payload.readUInt16BE(0);
    if (!isSendableCloseCode(code)) {
      const reason = `a close frame with code ${code} (RFC 6455 section 7.4)`;
      return this.#broke(violation(reason));
    }
    if (!isUtf8(payload.subarray(2))) {
      const reason = "the reason of a close frame is not UTF-8 (RFC 6455 section 5.5.1)";
      return this.#broke(violation(reason, CLOSE.invalidText));
    }
    this.#isOver = true;
    this.#receiver.peerClosed(code, payload.toString("utf8", 2));
  }

  #broke(broken: Violation): void {
    this.#isOver = true;
    this.#isInPayload = false;
    this.#joined = undefined;
    this.#receiver.peerBroke(broken);
  }
}
