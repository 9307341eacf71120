/**
 * The gateway: it owns the sockets, the playout and what was heard, so that a caller keeps hearing
 * while the call logic behind it is replaced.
 *
 *   in:  socket → protocol takes the payload out → ring of the call's shard
 *   out: prompt by reference, or ring → playout wheel → protocol → socket
 */
import { toErrorData } from "../../base/errors.js";
import { Histogram } from "../../base/histogram.js";
import type { Time, Timer } from "../../base/ports.js";
import { PlayoutWheel } from "../../access/playout/playout-wheel.js";
import type {
  MediaProtocol,
  MediaSession,
  MediaSink,
  StreamStart,
} from "../../access/protocols/media-protocol.js";
import { protocolOfPath } from "../../access/protocols/media-protocols.js";
import {
  CLOSE,
  type Connection,
  type Listener,
  type Transport,
  type UpgradeAnswer,
  type UpgradeRequest,
} from "../../access/transports/transport.js";
import { ProtocolError } from "../../codecs/wire/protocol-error.js";
import type { GatewayConfig } from "../../config/schema.js";
import type {
  GatewayCommand,
  GatewayCounters,
  GatewayReport,
  LegCommand,
  LegNotice,
} from "../control/messages.js";
import { ExpectedCalls } from "./expected-calls.js";
import { FrameRoute } from "./frame-route.js";
import { GatewayLeg } from "./gateway-leg.js";
import { ShardLink } from "./shard-link.js";
import { judgeUpgrade } from "./upgrade-policy.js";

/** RFC 6455 section 7.4.1: the peer broke a rule that is ours, not the protocol's. */
const policyViolation = 1008;
const frameMs = 20;
const countersEveryMs = 1000;
/** A peer may be this far ahead of real time, e.g. after a network stall; beyond it, it floods. */
const floodMs = 10_000;

export type GatewayOptions = {
  readonly config: GatewayConfig;
  readonly time: Time;
  readonly transport: Transport;
  readonly protocols: readonly MediaProtocol[];
  readonly report: (report: GatewayReport) => void;
};

/** A stream and the way its frames go, which changes when its shard is lost. */
type Seat = { readonly leg: GatewayLeg; route: FrameRoute };

/** One socket and the streams on it. */
type Socket = {
  readonly connection: Connection;
  readonly protocol: MediaProtocol;
  session: MediaSession;
  readonly legs: Map<number, Seat>;
  /** Closes a socket that starts no stream. */
  readonly startTimer: Timer;
  nowMs: number;
};

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #frameOut = new Histogram();
  readonly #expected: ExpectedCalls;
  readonly #wheel: PlayoutWheel;
  readonly #links = new Map<number, ShardLink>();
  /** Links of lost shards whose calls have not been moved yet. */
  readonly #retired = new Set<ShardLink>();
  readonly #prompts = new Map<string, Uint8Array>();
  readonly #legs = new Map<number, { readonly seat: Seat; readonly socket: Socket }>();
  readonly #counters = {
    connections: 0,
    legs: 0,
    refusedUpgrades: 0,
    refusedStarts: 0,
    protocolErrors: 0,
    inboundDropped: 0,
  };
  #listener: Listener | undefined;
  #lastSlot: number;
  #isDraining = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#expected = new ExpectedCalls(options.time);
    // By the clock, so that no number of a gateway's life before this one comes again.
    this.#lastSlot = Math.floor(options.time.nowMs());
    this.#wheel = new PlayoutWheel({
      time: options.time,
      frameMs,
      leadMs: options.config.playoutLeadMs,
      sent: (latenessMs) => this.#frameOut.recordMs(latenessMs),
      poll: () => this.#pollRings(),
    });
  }

  /** @throws {EngineError} `TRANSPORT_LISTEN_FAILED` */
  async start(): Promise<void> {
    const { config, time, transport, report } = this.#options;
    this.#listener = await transport.listen({
      host: config.host,
      port: config.port,
      messageBytesMax: config.messageBytesMax,
      bufferedBytesMax: config.bufferedBytesMax,
      handshakeMsMax: config.handshakeMsMax,
      idleMsMax: config.idleMsMax,
      time,
      accept: (request) => this.#accept(request),
      connected: (connection) => this.#connected(connection),
      failed: (error) => this.#log("error", "a connection handler failed", toErrorData(error)),
    });
    report({ kind: "listening", port: this.#listener.port, frameOut: this.#frameOut.handle });
    this.#reportCounters();
  }

  receive(command: GatewayCommand): void {
    switch (command.kind) {
      case "attachShard":
        return this.#attach(new ShardLink(command.link, (leg, link) => this.#command(leg, link)));
      case "expectCall":
        return this.#expected.expect(command);
      case "forgetCall":
        return this.#forgetCall(command.callId);
      case "moveCalls":
        return this.#moveCalls(command);
      case "addPrompt":
        return void this.#prompts.set(
          `${command.prompt.promptId} ${command.prompt.formatKey}`,
          command.prompt.audio,
        );
      case "drain":
        this.#isDraining = true;
        return;
      case "stop":
        return void this.#stop();
    }
  }

  counters(): GatewayCounters {
    let inboundDropped = 0;
    for (const link of this.#links.values()) inboundDropped += link.droppedCount;
    const connections = this.#listener?.connectionCount ?? 0;
    return { ...this.#counters, connections, legs: this.#legs.size, inboundDropped };
  }

  #attach(link: ShardLink): void {
    const before = this.#links.get(link.shardIndex);
    before?.close();
    if (before !== undefined) this.#retired.add(before);
    this.#links.set(link.shardIndex, link);
  }

  /** The call is over: nobody may come for it, and who is still there is hung up. */
  #forgetCall(callId: string): void {
    this.#expected.forget(callId);
    for (const { seat, socket } of [...this.#legs.values()]) {
      if (seat.leg.callId === callId) this.#hangup(socket, seat.leg, "the call is over");
    }
  }

  #hangup(socket: Socket, leg: GatewayLeg, reason: string): void {
    socket.session.hangup(leg.streamId, reason);
    this.#endLeg(socket, leg.streamId, reason);
    if (socket.legs.size === 0) socket.connection.close(CLOSE.normal, reason);
  }

  /** Gives the legs of a lost shard to others, with the frames it left in its ring. */
  #moveCalls(command: Extract<GatewayCommand, { kind: "moveCalls" }>): void {
    const { lostShardIndex, lostIncarnation, calls } = command;
    const isLost = ({ shardIndex, incarnation }: ShardLink): boolean =>
      shardIndex === lostShardIndex && incarnation === lostIncarnation;
    const lost = [...this.#links.values(), ...this.#retired].find(isLost);
    this.#pollRings();
    for (const { callId, shardIndex } of calls) this.#moveCall(callId, shardIndex);
    lost?.drainInbound(({ slot, payload, mediaSamples, atMs }) => {
      this.#legs.get(slot)?.seat.route.hold(payload, mediaSamples, atMs);
    });
    if (lost !== undefined) this.#retired.delete(lost);
  }

  /** What plays goes on playing. */
  #moveCall(callId: string, shardIndex: number): void {
    const link = this.#links.get(shardIndex);
    if (link === undefined || this.#expected.move(callId, shardIndex)) return;
    const entry = [...this.#legs.values()].find(({ seat }) => seat.leg.callId === callId);
    if (entry === undefined) return link.tell({ kind: "legGone", callId });
    const { seat, socket } = entry;
    const adoption = seat.leg.handOver(link.tell.bind(link));
    seat.route = new FrameRoute(seat.leg.slot, link);
    link.tell({ ...this.#legOpened(seat.leg, socket), adoption });
  }

  #legOpened(leg: GatewayLeg, socket: Socket): Extract<LegNotice, { kind: "legOpened" }> {
    const { callId, slot, format, frameBytes } = leg;
    const { name: protocol } = socket.protocol;
    const atMs = this.#options.time.nowMs();
    return { kind: "legOpened", callId, slot, format, frameBytes, protocol, atMs };
  }

  #accept(request: UpgradeRequest): UpgradeAnswer {
    const { protocols, config } = this.#options;
    const isFull = (this.#listener?.connectionCount ?? 0) >= config.connectionsMax;
    const isDraining = this.#isDraining;
    const { isExpecting } = this.#expected;
    const answer = judgeUpgrade(request, { protocols, isFull, isDraining, isExpecting });
    if (!answer.ok) this.#counters.refusedUpgrades += 1;
    return answer;
  }

  #connected(connection: Connection): void {
    const { protocols, config, time } = this.#options;
    const protocol = protocolOfPath(protocols, connection.request.path)!;
    const startTimer = time.after(config.startMsMax, () => {
      const reason = `no stream was started within ${config.startMsMax} ms`;
      if (socket.legs.size === 0) connection.close(policyViolation, reason);
    });
    const socket = {
      connection,
      protocol,
      legs: new Map(),
      startTimer,
      nowMs: 0,
    } as never as Socket;
    socket.session = protocol.open(
      (message) => connection.send(message),
      this.#sink(socket),
      (code, reason) => connection.close(code, reason),
    );
    connection.listen({
      message: (data, nowMs) => this.#message(socket, data, nowMs),
      closed: (code, reason) => this.#closed(socket, code, reason),
    });
  }

  #message(socket: Socket, data: Uint8Array | string, nowMs: number): void {
    socket.nowMs = nowMs;
    try {
      socket.session.receive(data);
    } catch (error) {
      this.#counters.protocolErrors += 1;
      const { code, message } = toErrorData(error);
      const { name: protocol } = socket.protocol;
      this.#log("warn", "a media client broke its protocol", { protocol, code, message });
      throw error;
    }
  }

  #closed(socket: Socket, code: number, reason: string): void {
    socket.startTimer.cancel();
    socket.session.closed();
    for (const streamId of [...socket.legs.keys()]) {
      this.#endLeg(socket, streamId, reason === "" ? `connection closed (${code})` : reason);
    }
  }

  #sink(socket: Socket): MediaSink {
    return {
      started: (start) => this.#started(socket, start),
      frame: (streamId, payload, mediaSamples) => {
        const seat = socket.legs.get(streamId);
        if (seat === undefined) return;
        if (seat.leg.isFlooding(mediaSamples, socket.nowMs, floodMs)) {
          throw new ProtocolError(
            "PROTOCOL_FLOOD",
            `more than ${floodMs} ms of audio ahead of real time; send at the pace of speech`,
            { floodMs },
          );
        }
        seat.route.write(payload, mediaSamples, socket.nowMs);
      },
      dtmf: (streamId, digit) => {
        const seat = socket.legs.get(streamId);
        seat?.route.link.tell({ kind: "keypad", slot: seat.leg.slot, digit });
      },
      markReached: (streamId, name) => socket.legs.get(streamId)?.leg.markReached(name),
      ended: (streamId, reason) => {
        this.#endLeg(socket, streamId, reason);
        if (socket.legs.size === 0) socket.connection.close(CLOSE.normal, reason);
      },
    };
  }

  #started(socket: Socket, start: StreamStart): void {
    const admitted = this.#expected.admit(start.callId, start.token);
    const link = typeof admitted === "string" ? undefined : this.#links.get(admitted.shardIndex);
    if (link === undefined || start.callId === undefined) {
      this.#counters.refusedStarts += 1;
      this.#log("warn", "a media stream was refused", { why: admitted, callId: start.callId });
      const reason = "no call is waiting under this call id and token";
      // Other streams on its socket go on.
      if (socket.legs.size === 0) return socket.connection.close(policyViolation, reason);
      return socket.session.hangup(start.streamId, reason);
    }
    const { callId } = start;
    const { protocol, session } = socket;
    const { time } = this.#options;
    // The ring has 32 bits for it.
    const slot = (this.#lastSlot = (this.#lastSlot + 1) >>> 0);
    const tell = link.tell.bind(link);
    const leg = new GatewayLeg({ slot, callId, start, protocol, session, time, tell });
    const seat = { leg, route: new FrameRoute(slot, link) };
    socket.legs.set(start.streamId, seat);
    this.#legs.set(slot, { seat, socket });
    socket.startTimer.cancel();
    this.#wheel.keepTurning(true);
    session.ready(start.streamId);
    tell(this.#legOpened(leg, socket));
    this.#options.report({ kind: "mediaOpened", callId });
  }

  #endLeg(socket: Socket, streamId: number, reason: string): void {
    const seat = socket.legs.get(streamId);
    if (seat === undefined) return;
    const { leg, route } = seat;
    socket.legs.delete(streamId);
    this.#legs.delete(leg.slot);
    this.#wheel.stop(leg);
    leg.close();
    if (this.#legs.size === 0) this.#wheel.keepTurning(false);
    route.link.tell({ kind: "legClosed", slot: leg.slot, reason });
    this.#options.report({ kind: "mediaClosed", callId: leg.callId, reason });
  }

  #command(command: LegCommand, link: ShardLink): void {
    // Frames written before this command lie in the ring: they come first.
    this.#pollRings();
    const entry = this.#legs.get(command.slot);
    // A lost shard's last words about a leg that is another's now are void.
    if (entry === undefined || entry.seat.route.link !== link) return;
    const { seat, socket } = entry;
    const { leg } = seat;
    switch (command.kind) {
      case "legTaken":
        return seat.route.open();
      case "playPrompt": {
        const audio = this.#prompts.get(`${command.promptId} ${leg.formatKey}`);
        if (audio === undefined) return leg.skip(command.utterance);
        leg.playPrompt(command.utterance, audio);
        return this.#wheel.start(leg, leg.playedUntilMs);
      }
      case "openStream":
        leg.openStream(command.utterance);
        if (leg.hasFrame) this.#wheel.start(leg, leg.playedUntilMs);
        return;
      case "endStream":
        leg.closeStream(command.utterance);
        if (leg.hasFrame) this.#wheel.start(leg, leg.playedUntilMs);
        return;
      case "clear":
        return leg.clear(command.utterance);
      case "hangup":
        return this.#hangup(socket, leg, command.reason);
    }
  }

  #pollRings(): void {
    for (const link of this.#links.values()) {
      link.poll((slot, utterance, payload) => {
        const leg = this.#legs.get(slot)?.seat.leg;
        if (leg === undefined) return;
        leg.addFrame(utterance, payload);
        if (leg.hasFrame) this.#wheel.start(leg, leg.playedUntilMs);
      });
    }
  }

  #reportCounters(): void {
    this.#options.time.after(countersEveryMs, () => {
      if (this.#listener === undefined) return;
      this.#options.report({ kind: "counters", counters: this.counters() });
      this.#reportCounters();
    });
  }

  async #stop(): Promise<void> {
    this.#isDraining = true;
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.close(CLOSE.goingAway, "the engine stops");
    this.#wheel.keepTurning(false);
    for (const link of this.#links.values()) link.close();
    this.#options.report({ kind: "stopped" });
  }

  #log(level: "info" | "warn" | "error", message: string, fields: object): void {
    this.#options.report({ kind: "log", level, message, fields: { ...fields } });
  }
}
