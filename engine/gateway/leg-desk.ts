/**
 * The legs of a gateway: who is open, on which socket and for which shard; what the shards tell
 * them; and the one wheel that paces what they play.
 */
import type { Time } from "../../base/ports.js";
import { PlayoutWheel } from "../../access/playout/playout-wheel.js";
import type {
  MediaSession,
  ReadyOptions,
  StreamStart,
} from "../../access/protocols/media-protocol.js";
import type {
  GatewayCommand,
  GatewayReport,
  LegCommand,
  LegNotice,
  ShardLinkData,
} from "../control/messages.js";
import { sayFarewell } from "./farewell.js";
import { FrameRoute } from "./frame-route.js";
import { GatewayLeg } from "./gateway-leg.js";
import { LegConnection } from "./leg-connection.js";
import type { MediaSocket } from "./media-socket.js";
import { legChanged, type Seat } from "./seat.js";
import { ShardLink } from "./shard-link.js";

/**
 * Frames sent in one write. A write is what a frame costs most, and a peer that takes the playout's
 * lead holds more than this anyway; what a clear drops there is 20 ms more.
 */
const packFrames = 2;

/** What the desk is told of a stream that was let in. */
export type Opening = {
  readonly callId: string;
  readonly link: ShardLink;
  /** Of its resume token. */
  readonly generation: number;
  readonly isResumed: boolean;
};

export type LegDeskOptions = {
  readonly time: Time;
  readonly playoutLeadMs: number;
  /** How long a leg waits for its client to come back. */
  readonly resumeGraceMs: number;
  /** Lateness of each frame sent. */
  readonly sent: (latenessMs: number) => void;
  /** A rendered prompt in the format of a leg. */
  readonly findPrompt: (promptId: string, formatKey: string) => Uint8Array | undefined;
  /** The secret with which the client of a leg can come back. */
  readonly tokenOf: (callId: string, generation: number) => string;
  readonly report: (report: GatewayReport) => void;
};

export class LegDesk {
  readonly #options: LegDeskOptions;
  readonly #wheel: PlayoutWheel;
  readonly #links = new Map<number, ShardLink>();
  /** Links of lost shards that still have legs. */
  readonly #retired = new Set<ShardLink>();
  /** By slot. */
  readonly seats = new Map<number, Seat>();
  readonly #seatOfCall = new Map<string, Seat>();
  #lastSlot: number;
  #resumed = 0;
  /** Sessions with audio that is packed and not sent yet. */
  readonly #packed: MediaSession[] = [];
  #isPassing = false;

  constructor(options: LegDeskOptions) {
    this.#options = options;
    // By the clock, so that no number of a gateway's life before this one comes again.
    this.#lastSlot = Math.floor(options.time.nowMs());
    this.#wheel = new PlayoutWheel({
      time: options.time,
      frameMs: 20,
      leadMs: options.playoutLeadMs,
      packFrames,
      sent: options.sent,
      poll: () => {
        this.#isPassing = true;
        this.#pollRings();
      },
      passed: () => {
        this.#isPassing = false;
        this.#flush();
      },
    });
  }

  get count(): number {
    return this.seats.size;
  }

  /** Legs without a connection. */
  get awayCount(): number {
    let count = 0;
    for (const { socket } of this.seats.values()) if (socket === undefined) count += 1;
    return count;
  }

  /** Legs that got another connection, so far. */
  get resumedCount(): number {
    return this.#resumed;
  }

  /** Inbound frames that did not fit a ring. */
  get inboundDropped(): number {
    let dropped = 0;
    for (const link of this.#links.values()) dropped += link.droppedCount;
    return dropped;
  }

  /** Sends what is due; between two reads of many, for which the wheel's timer would wait. */
  pace(nowMs: number): void {
    this.#wheel.passIfDue(nowMs);
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
    // Its rings are large: they stay only for legs that have not been moved yet.
    const seats = [...this.seats.values()];
    if (before !== undefined && seats.some(({ route }) => route.link === before)) {
      this.#retired.add(before);
    }
    this.#links.set(link.shardIndex, link);
  }

  /** A stream was let in: it gets a leg, and its shard is told. */
  open(socket: MediaSocket, start: StreamStart, opening: Opening): void {
    const { callId, link, generation, isResumed } = opening;
    // The ring has 32 bits for it.
    const slot = (this.#lastSlot = (this.#lastSlot + 1) >>> 0);
    const { protocol, session } = socket;
    const { time } = this.#options;
    const tell = link.tell.bind(link);
    const leg = new GatewayLeg({ slot, callId, start, protocol, session, time, tell });
    leg.line = socket.connection;
    const seat: Seat = {
      leg,
      connection: new LegConnection(generation),
      socket,
      route: new FrameRoute(slot, link),
      protocolName: protocol.name,
      firstToken: start.token ?? "",
      graceTimer: undefined,
      isStreamCut: false,
    };
    socket.seat(start.streamId, seat);
    this.seats.set(slot, seat);
    this.#seatOfCall.set(callId, seat);
    this.#wheel.keepTurning(true);
    session.ready(start.streamId, { ...this.#readyOf(seat), isResumed });
    tell(this.#legOpened(seat));
    const canResume = protocol.canResume && this.#options.resumeGraceMs > 0;
    const oldest = canResume ? { generation: seat.connection.oldestGeneration } : {};
    this.#options.report({ kind: "mediaOpened", callId, ...oldest });
  }

  /** A leg's connection is gone without a goodbye: it waits for another one. */
  lose(seat: Seat): void {
    const { leg, connection, socket, route } = seat;
    const { time, resumeGraceMs, report } = this.#options;
    if (socket === undefined) return;
    socket.leave(leg.streamId);
    seat.socket = undefined;
    const nowMs = time.nowMs();
    connection.lose(nowMs);
    this.#wheel.stop(leg);
    leg.pause(nowMs);
    route.tell(legChanged(seat, nowMs));
    report({ kind: "mediaAway", callId: leg.callId });
    seat.graceTimer = time.after(resumeGraceMs, () => {
      this.end(seat, `the connection was lost, and nobody came back within ${resumeGraceMs} ms`);
    });
  }

  /** Its client has read the newest token. */
  confirm({ connection, leg: { callId } }: Seat): void {
    const { generation } = connection;
    if (connection.confirm()) this.#options.report({ kind: "mediaConfirmed", callId, generation });
  }

  /** Frames wait in a session: they go out with the others of this pass, or of this turn. */
  packed(session: MediaSession): void {
    this.#packed.push(session);
    if (!this.#isPassing && this.#packed.length === 1) {
      this.#options.time.soon(() => this.#flush());
    }
  }

  /** Its client came back, or takes over while the old connection still seems open. */
  resume(seat: Seat, socket: MediaSocket, start: StreamStart): void {
    const { leg, connection, route } = seat;
    const { time, report } = this.#options;
    const nowMs = time.nowMs();
    seat.graceTimer?.cancel();
    if (seat.socket !== undefined) {
      connection.lose(nowMs);
      route.tell(legChanged(seat, nowMs));
    }
    seat.socket?.release(leg.streamId, "another connection has taken the call over");
    this.#wheel.stop(leg);
    connection.resume();
    leg.resume(socket.session, start.streamId, start.receivedTime);
    leg.line = socket.connection;
    seat.socket = socket;
    socket.seat(start.streamId, seat);
    const { sentSamples, receivedSamples, keys } = leg.position;
    socket.session.ready(start.streamId, {
      ...this.#readyOf(seat),
      isResumed: true,
      sentSamples,
      keys,
      ...(receivedSamples === undefined ? {} : { receivedSamples }),
    });
    leg.repeatWords();
    route.tell(legChanged(seat, nowMs));
    this.#resumed += 1;
    report({ kind: "mediaResumed", callId: leg.callId, generation: connection.generation });
    this.#play(leg);
  }

  /** The peer has room for its audio again. */
  goOn({ leg }: Seat): void {
    this.#play(leg);
  }

  /** A leg is over, whoever ended it. */
  end(seat: Seat, reason: string): void {
    const { leg, socket, route } = seat;
    if (!this.seats.delete(leg.slot)) return;
    socket?.leave(leg.streamId);
    seat.graceTimer?.cancel();
    this.#seatOfCall.delete(leg.callId);
    this.#wheel.stop(leg);
    leg.close();
    if (this.seats.size === 0) this.#wheel.keepTurning(false);
    route.tell({ kind: "legClosed", slot: leg.slot, reason });
    this.#options.report({ kind: "mediaClosed", callId: leg.callId, reason });
  }

  /** Ends a leg from our side. */
  hangup(seat: Seat, reason: string): void {
    const { leg, socket } = seat;
    socket?.session.hangup(leg.streamId, reason);
    this.end(seat, reason);
    socket?.closeIfEmpty(reason);
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
      const link = shardIndex === undefined ? undefined : this.#links.get(shardIndex);
      if (link === undefined || shardIndex === undefined) this.#park(callId);
      else if (!isExpected(callId, shardIndex)) this.#move(callId, link);
    }
    lost?.drainInbound(({ slot, payload, mediaSamples, atMs }) => {
      this.seats.get(slot)?.route.hold(payload, mediaSamples, atMs);
    });
    if (lost !== undefined) this.#retired.delete(lost);
  }

  stop(): void {
    for (const seat of [...this.seats.values()]) this.end(seat, "the engine stops");
    this.#wheel.keepTurning(false);
    for (const link of this.#links.values()) link.close();
  }

  /** Plays one prompt to the end of a call that no shard has, and hangs up. */
  farewell(callId: string, promptId: string): void {
    const seat = this.#seatOfCall.get(callId);
    if (seat === undefined) return;
    const { leg } = seat;
    seat.route = new FrameRoute(leg.slot, undefined);
    // Nobody listens at the other end of a connection that is lost.
    const isThere = seat.socket !== undefined;
    const audio = isThere ? this.#options.findPrompt(promptId, leg.formatKey) : undefined;
    const hangup = (): void => this.hangup(seat, "the call failed");
    const { time } = this.#options;
    sayFarewell(leg, audio, { time, play: (one) => this.#play(one), hangup });
  }

  /** The leg waits for a shard: what it hears is held; what it was saying plays on. */
  #park(callId: string): void {
    const seat = this.#seatOfCall.get(callId);
    if (seat === undefined) return;
    const { isStreamCut } = seat.leg.handOver(() => undefined);
    seat.isStreamCut ||= isStreamCut;
    seat.route = new FrameRoute(seat.leg.slot, undefined, seat.route);
    this.#play(seat.leg);
    this.#play(seat.leg);
  }

  /** What plays goes on playing. */
  #move(callId: string, link: ShardLink): void {
    const seat = this.#seatOfCall.get(callId);
    if (seat === undefined) return link.tell({ kind: "legGone", callId });
    const handover = seat.leg.handOver(link.tell.bind(link));
    seat.isStreamCut ||= handover.isStreamCut;
    seat.route = new FrameRoute(seat.leg.slot, link, seat.route);
    const adoption = { ...handover, isStreamCut: seat.isStreamCut };
    const { silentAtMs } = seat.leg;
    link.tell({ ...this.#legOpened(seat), adoption, silentAtMs });
    if (seat.socket === undefined) link.tell(legChanged(seat, this.#options.time.nowMs()));
    this.#play(seat.leg);
  }

  /** What a client that can resume is told. */
  #readyOf({ leg, connection, socket }: Seat): ReadyOptions {
    const { resumeGraceMs: resumeMs, tokenOf } = this.#options;
    if (socket?.protocol.canResume !== true || resumeMs === 0) return {};
    return { resume: tokenOf(leg.callId, connection.generation), resumeMs };
  }

  #legOpened({ leg, protocolName: protocol }: Seat): Extract<LegNotice, { kind: "legOpened" }> {
    const { callId, slot, format, frameBytes } = leg;
    const atMs = this.#options.time.nowMs();
    return { kind: "legOpened", callId, slot, format, frameBytes, protocol, atMs };
  }

  #command(command: LegCommand, link: ShardLink): void {
    // Frames written before this command lie in the ring: they come first.
    this.#pollRings();
    const seat = this.seats.get(command.slot);
    // A lost shard's last words about a leg that is another's now are void; but whoever interrupted
    // us is obeyed: all that such a clear covers is older than what the other shard says.
    const isVoid = seat?.route.link !== link && command.kind !== "clear";
    if (seat === undefined || isVoid) return;
    const { leg } = seat;
    switch (command.kind) {
      case "legTaken":
        return seat.route.open();
      case "playPrompt": {
        const audio = this.#options.findPrompt(command.promptId, leg.formatKey);
        seat.isStreamCut = false;
        if (audio === undefined) return leg.skip(command.utterance);
        leg.playPrompt(command.utterance, audio);
        return this.#play(leg);
      }
      case "openStream":
        seat.isStreamCut = false;
        leg.openStream(command.utterance);
        return this.#play(leg);
      case "endStream":
        leg.closeStream(command.utterance);
        return this.#play(leg);
      case "clear":
        leg.clear(command.utterance);
        return this.#play(leg);
      case "hold":
        return leg.hold();
      case "release":
        leg.release();
        return this.#play(leg);
      case "hangup":
        return this.hangup(seat, command.reason);
    }
  }

  #flush(): void {
    for (const session of this.#packed) session.flush?.();
    this.#packed.length = 0;
  }

  #play(leg: GatewayLeg): void {
    if (leg.hasFrame) this.#wheel.start(leg, leg.playedUntilMs);
  }

  #pollRings(): void {
    for (const link of this.#links.values()) link.poll(this.#takeFrame);
  }

  readonly #takeFrame = (slot: number, utterance: number, payload: Uint8Array): void => {
    const leg = this.seats.get(slot)?.leg;
    if (leg === undefined) return;
    leg.addFrame(utterance, payload);
    this.#play(leg);
  };
}
