/**
 * The legs of a gateway: who is open, on which socket and for which shard; what the shards tell
 * them; and the one wheel that paces what they play.
 */
import type { Time } from "../../base/ports.js";
import { PlayoutWheel } from "../../access/playout/playout-wheel.js";
import type { StreamStart } from "../../access/protocols/media-protocol.js";
import type { GatewayCommand, LegCommand, LegNotice, ShardLinkData } from "../control/messages.js";
import { FrameRoute } from "./frame-route.js";
import { GatewayLeg } from "./gateway-leg.js";
import type { MediaSocket } from "./media-socket.js";
import { ShardLink } from "./shard-link.js";

const frameMs = 20;

/** A stream and the way its frames go, which changes when its shard is lost. */
export type Seat = {
  readonly leg: GatewayLeg;
  readonly socket: MediaSocket;
  route: FrameRoute;
};

export type LegDeskOptions = {
  readonly time: Time;
  readonly playoutLeadMs: number;
  /** Lateness of each frame sent. */
  readonly sent: (latenessMs: number) => void;
  /** A rendered prompt in the format of a leg. */
  readonly findPrompt: (promptId: string, formatKey: string) => Uint8Array | undefined;
  readonly opened: (callId: string) => void;
  readonly closed: (callId: string, reason: string) => void;
};

export class LegDesk {
  readonly #options: LegDeskOptions;
  readonly #wheel: PlayoutWheel;
  readonly #links = new Map<number, ShardLink>();
  /** Links of lost shards whose calls have not been moved yet. */
  readonly #retired = new Set<ShardLink>();
  readonly #seats = new Map<number, Seat>();
  readonly #seatOfCall = new Map<string, Seat>();
  #lastSlot: number;

  constructor(options: LegDeskOptions) {
    this.#options = options;
    // By the clock, so that no number of a gateway's life before this one comes again.
    this.#lastSlot = Math.floor(options.time.nowMs());
    this.#wheel = new PlayoutWheel({
      time: options.time,
      frameMs,
      leadMs: options.playoutLeadMs,
      sent: options.sent,
      poll: () => this.#pollRings(),
    });
  }

  get count(): number {
    return this.#seats.size;
  }

  /** Inbound frames that did not fit a ring. */
  get inboundDropped(): number {
    let dropped = 0;
    for (const link of this.#links.values()) dropped += link.droppedCount;
    return dropped;
  }

  link(shardIndex: number): ShardLink | undefined {
    return this.#links.get(shardIndex);
  }

  seatOf(callId: string): Seat | undefined {
    return this.#seatOfCall.get(callId);
  }

  /** A shard is there, or there again. */
  attach(data: ShardLinkData): void {
    const link = new ShardLink(data, (command, from) => this.#command(command, from));
    const before = this.#links.get(link.shardIndex);
    before?.close();
    if (before !== undefined) this.#retired.add(before);
    this.#links.set(link.shardIndex, link);
  }

  /** A stream was let in: it gets a leg, and its shard is told. */
  open(socket: MediaSocket, start: StreamStart, callId: string, link: ShardLink): void {
    // The ring has 32 bits for it.
    const slot = (this.#lastSlot = (this.#lastSlot + 1) >>> 0);
    const { protocol, session } = socket;
    const { time } = this.#options;
    const tell = link.tell.bind(link);
    const leg = new GatewayLeg({ slot, callId, start, protocol, session, time, tell });
    const seat = { leg, socket, route: new FrameRoute(slot, link) };
    socket.seat(start.streamId, seat);
    this.#seats.set(slot, seat);
    this.#seatOfCall.set(callId, seat);
    this.#wheel.keepTurning(true);
    session.ready(start.streamId);
    tell(this.#legOpened(seat));
    this.#options.opened(callId);
  }

  /** A leg is over, whoever ended it. */
  end(seat: Seat, reason: string): void {
    const { leg, socket, route } = seat;
    if (!this.#seats.delete(leg.slot)) return;
    socket.leave(leg.streamId);
    this.#seatOfCall.delete(leg.callId);
    this.#wheel.stop(leg);
    leg.close();
    if (this.#seats.size === 0) this.#wheel.keepTurning(false);
    route.link.tell({ kind: "legClosed", slot: leg.slot, reason });
    this.#options.closed(leg.callId, reason);
  }

  /** Ends a leg from our side. */
  hangup(seat: Seat, reason: string): void {
    const { leg, socket } = seat;
    socket.session.hangup(leg.streamId, reason);
    this.end(seat, reason);
    socket.closeIfEmpty(reason);
  }

  /** Gives the legs of a lost shard to others, with the frames it left in its ring. */
  moveCalls(
    command: Extract<GatewayCommand, { kind: "moveCalls" }>,
    isExpected: (callId: string, shardIndex: number) => boolean,
  ): void {
    const { lostShardIndex, lostIncarnation, calls } = command;
    const isLost = ({ shardIndex, incarnation }: ShardLink): boolean =>
      shardIndex === lostShardIndex && incarnation === lostIncarnation;
    const lost = [...this.#links.values(), ...this.#retired].find(isLost);
    this.#pollRings();
    for (const { callId, shardIndex } of calls) {
      const link = this.#links.get(shardIndex);
      if (link !== undefined && !isExpected(callId, shardIndex)) this.#move(callId, link);
    }
    lost?.drainInbound(({ slot, payload, mediaSamples, atMs }) => {
      this.#seats.get(slot)?.route.hold(payload, mediaSamples, atMs);
    });
    if (lost !== undefined) this.#retired.delete(lost);
  }

  stop(): void {
    this.#wheel.keepTurning(false);
    for (const link of this.#links.values()) link.close();
  }

  /** What plays goes on playing. */
  #move(callId: string, link: ShardLink): void {
    const seat = this.#seatOfCall.get(callId);
    if (seat === undefined) return link.tell({ kind: "legGone", callId });
    const adoption = seat.leg.handOver(link.tell.bind(link));
    seat.route = new FrameRoute(seat.leg.slot, link);
    link.tell({ ...this.#legOpened(seat), adoption });
  }

  #legOpened({ leg, socket }: Seat): Extract<LegNotice, { kind: "legOpened" }> {
    const { callId, slot, format, frameBytes } = leg;
    const { name: protocol } = socket.protocol;
    const atMs = this.#options.time.nowMs();
    return { kind: "legOpened", callId, slot, format, frameBytes, protocol, atMs };
  }

  #command(command: LegCommand, link: ShardLink): void {
    // Frames written before this command lie in the ring: they come first.
    this.#pollRings();
    const seat = this.#seats.get(command.slot);
    // A lost shard's last words about a leg that is another's now are void.
    if (seat === undefined || seat.route.link !== link) return;
    const { leg } = seat;
    switch (command.kind) {
      case "legTaken":
        return seat.route.open();
      case "playPrompt": {
        const audio = this.#options.findPrompt(command.promptId, leg.formatKey);
        if (audio === undefined) return leg.skip(command.utterance);
        leg.playPrompt(command.utterance, audio);
        return this.#play(leg);
      }
      case "openStream":
        leg.openStream(command.utterance);
        return this.#play(leg);
      case "endStream":
        leg.closeStream(command.utterance);
        return this.#play(leg);
      case "clear":
        return leg.clear(command.utterance);
      case "hangup":
        return this.hangup(seat, command.reason);
    }
  }

  #play(leg: GatewayLeg): void {
    if (leg.hasFrame) this.#wheel.start(leg, leg.playedUntilMs);
  }

  #pollRings(): void {
    for (const link of this.#links.values()) link.poll(this.#takeFrame);
  }

  readonly #takeFrame = (slot: number, utterance: number, payload: Uint8Array): void => {
    const leg = this.#seats.get(slot)?.leg;
    if (leg === undefined) return;
    leg.addFrame(utterance, payload);
    this.#play(leg);
  };
}
