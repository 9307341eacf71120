/** The gateway's end of the way to one shard: a ring each way for frames, a port for control. */
import type { MessagePort } from "node:worker_threads";
import {
  FrameRingReader,
  FrameRingWriter,
  type FrameHead,
  type FrameView,
} from "../../base/frame-ring.js";
import type { LegCommand, LegNotice, NumberedCommand, ShardLinkData } from "../control/messages.js";
import { CommandOrder } from "./command-order.js";

/** Frames taken from a shard in one pass: more than a pass can ever find in its time. */
const framesPerPollMax = 4096;

export class ShardLink {
  readonly shardIndex: number;
  readonly incarnation: number;
  readonly #port: MessagePort;
  readonly #inbound: SharedArrayBuffer;
  readonly #writer: FrameRingWriter;
  readonly #reader: FrameRingReader;

  constructor(data: ShardLinkData, receive: (command: LegCommand, link: ShardLink) => void) {
    this.shardIndex = data.shardIndex;
    this.incarnation = data.incarnation;
    this.#port = data.port;
    this.#inbound = data.inbound;
    this.#writer = new FrameRingWriter(data.inbound);
    this.#reader = new FrameRingReader(data.outbound);
    const order = new CommandOrder(data.taken, (command) => receive(command, this));
    data.port.on("message", (command: NumberedCommand) => order.arrived(command));
  }

  tell(notice: LegNotice): void {
    this.#port.postMessage(notice);
  }

  /** Passes a frame on and wakes the shard if it sleeps; false when the ring is full. */
  write(head: FrameHead, payload: Uint8Array): boolean {
    const isWritten = this.#writer.write(head, payload);
    if (this.#writer.takeDoorbell()) this.tell({ kind: "doorbell" });
    return isWritten;
  }

  /** Takes the streamed frames that wait. */
  poll(visit: (slot: number, utterance: number, payload: Uint8Array) => void): void {
    this.#reader.drain(
      (frame) => visit(frame.slot, frame.sequence, frame.payload),
      framesPerPollMax,
    );
  }

  /** Visits the frames that the shard did not take before it was lost. */
  drainInbound(visit: (frame: FrameView) => void): void {
    const reader = new FrameRingReader(this.#inbound);
    while (reader.drain(visit, framesPerPollMax) > 0);
  }

  get droppedCount(): number {
    return this.#writer.counters().dropped;
  }

  close(): void {
    this.#port.close();
  }
}
