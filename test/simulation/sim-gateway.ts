/**
 * The gateway in virtual time: the real legs, playout and wheel between a simulated way to the
 * shard and a simulated ear. It does what `engine/gateway/gateway.ts` does with commands, without
 * sockets and rings.
 */
import { PlayoutWheel } from "../../access/playout/playout-wheel.js";
import type { MediaProtocol, MediaSession } from "../../access/protocols/media-protocol.js";
import type { FrameRingReader } from "../../base/frame-ring.js";
import type { LegAdoption } from "../../actors/call/cast-ports.js";
import type { LegCommand, LegNotice } from "../../engine/control/messages.js";
import { GatewayLeg } from "../../engine/gateway/gateway-leg.js";
import type { Ear } from "./ear.js";
import type { ThreadTime } from "./sim-loop.js";

const frameMs = 20;
const leadMs = 60;
/** Frames of streamed speech taken at once. */
const framesPerPollMax = 4096;

export const legFormat = { codec: "pcmu", rateHz: 8000 } as const;

export type SimGatewayOptions = {
  readonly time: ThreadTime;
  /** Streamed speech from the shard. */
  readonly ring: FrameRingReader;
  readonly findPrompt: (promptId: string) => Uint8Array | undefined;
  /** A broken build: the peer is told of a clear, the playout is not. */
  readonly isClearLost: boolean;
};

/** What a leg needs of its call. */
export type LegLine = {
  readonly callId: string;
  readonly callIndex: number;
  readonly hasMarks: boolean;
  readonly ear: Ear;
  /** To the shard, over the way. */
  readonly tell: (notice: LegNotice) => void;
  readonly violated: (rule: string, what: string) => void;
  /** The shard knows the leg: frames may come. */
  readonly taken: () => void;
  /** We hung up. */
  readonly closed: () => void;
};

type Seat = { readonly leg: GatewayLeg; readonly line: LegLine; newestUtterance: number };

export class SimGateway {
  readonly #options: SimGatewayOptions;
  readonly #wheel: PlayoutWheel;
  readonly #seats = new Map<number, Seat>();
  readonly #callOfSlot: number[] = [];
  #lastSlot = 0;

  constructor(options: SimGatewayOptions) {
    this.#options = options;
    this.#wheel = new PlayoutWheel({
      time: options.time,
      frameMs,
      leadMs,
      sent: () => undefined,
      poll: () => this.#pollRing(),
    });
  }

  get legCount(): number {
    return this.#seats.size;
  }

  /** Calls whose stream is open. */
  get openCalls(): readonly number[] {
    return [...this.#seats.values()].map(({ line }) => line.callIndex);
  }

  /** The callee answered: their stream opens. Returns its slot. */
  open(line: LegLine): number {
    const slot = (this.#lastSlot += 1);
    this.#callOfSlot[slot] = line.callIndex;
    const { callId } = line;
    const protocol = { name: "simulated", marks: line.hasMarks ? "played" : "none" };
    const leg = new GatewayLeg({
      slot,
      callId,
      start: { streamId: 1, format: legFormat, frameMs, callId, parameters: {}, peerIds: {} },
      protocol: protocol as unknown as MediaProtocol,
      session: session(line),
      time: this.#options.time,
      tell: line.tell,
    });
    this.#seats.set(slot, { leg, line, newestUtterance: 0 });
    this.#wheel.keepTurning(true);
    line.tell(this.#opened(leg));
    return slot;
  }

  /** The call of a slot, also after its end. */
  callOf(slot: number): number {
    return this.#callOfSlot[slot]!;
  }

  /** A mark came back. */
  markReached(slot: number, name: string): void {
    this.#seats.get(slot)?.leg.markReached(name);
  }

  /** The peer hung up. */
  peerEnded(slot: number, reason: string): void {
    this.#end(slot, reason);
  }

  /** Hands a leg over to another shard, and announces it there. */
  handOver(slot: number, tell: (notice: LegNotice) => void): void {
    const seat = this.#seats.get(slot);
    if (seat === undefined) return;
    const adoption: LegAdoption = seat.leg.handOver(tell);
    tell({ ...this.#opened(seat.leg), adoption });
  }

  command(command: LegCommand): void {
    this.#pollRing();
    const seat = this.#seats.get(command.slot);
    if (seat === undefined) return;
    const { leg, line } = seat;
    switch (command.kind) {
      case "legTaken":
        return line.taken();
      case "playPrompt": {
        this.#announce(seat, command.utterance);
        const audio = this.#options.findPrompt(command.promptId);
        if (audio === undefined) return leg.skip(command.utterance);
        leg.playPrompt(command.utterance, audio);
        return this.#wheel.start(leg, leg.playedUntilMs);
      }
      case "openStream":
        this.#announce(seat, command.utterance);
        return leg.openStream(command.utterance);
      case "endStream":
        leg.closeStream(command.utterance);
        if (leg.hasFrame) this.#wheel.start(leg, leg.playedUntilMs);
        return;
      case "clear":
        if (this.#options.isClearLost) return line.ear.clear(command.utterance);
        return leg.clear(command.utterance);
      case "hangup":
        line.ear.hungUp();
        this.#end(command.slot, command.reason);
        return line.closed();
    }
  }

  #opened(leg: GatewayLeg): Extract<LegNotice, { kind: "legOpened" }> {
    const { callId, slot, format, frameBytes } = leg;
    const atMs = this.#options.time.nowMs();
    return { kind: "legOpened", callId, slot, format, frameBytes, protocol: "simulated", atMs };
  }

  #announce(seat: Seat, utterance: number): void {
    if (utterance <= seat.newestUtterance) {
      const what = `u${utterance} is announced after u${seat.newestUtterance}`;
      seat.line.violated("utterance-reused", what);
    }
    seat.newestUtterance = Math.max(seat.newestUtterance, utterance);
  }

  #end(slot: number, reason: string): void {
    const seat = this.#seats.get(slot);
    if (seat === undefined) return;
    this.#seats.delete(slot);
    this.#wheel.stop(seat.leg);
    seat.leg.close();
    if (this.#seats.size === 0) this.#wheel.keepTurning(false);
    seat.line.tell({ kind: "legClosed", slot, reason });
  }

  #pollRing(): void {
    this.#options.ring.drain(({ slot, sequence: utterance, payload }) => {
      const leg = this.#seats.get(slot)?.leg;
      if (leg === undefined) return;
      leg.addFrame(utterance, payload);
      if (leg.hasFrame) this.#wheel.start(leg, leg.playedUntilMs);
    }, framesPerPollMax);
  }
}

/** The protocol's session: the way to the ear. Unlike a real one it lets everything through. */
function session({ ear }: LegLine): MediaSession {
  return {
    receive: () => undefined,
    ready: () => undefined,
    sendFrame: (_streamId, _payload, utterance) => ear.frame(utterance),
    sendMark: (_streamId, name) => ear.mark(name),
    sendClear: (_streamId, utterance) => ear.clear(utterance),
    hangup: () => undefined,
    closed: () => undefined,
  };
}
