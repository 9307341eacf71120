/**
 * The gateway: it owns the sockets, the playout and what was heard, so that a caller keeps hearing
 * while the call logic behind it is replaced.
 *
 *   in:  socket → protocol takes the payload out → ring of the call's shard
 *   out: prompt by reference, or ring → playout wheel → protocol → socket
 */
import { EngineError, toErrorData } from "../../base/errors.js";
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
import type { GatewayConfig } from "../../config/schema.js";
import type {
  GatewayCommand,
  GatewayCounters,
  GatewayReport,
  LegCommand,
} from "../control/messages.js";
import { ExpectedCalls } from "./expected-calls.js";
import { GatewayLeg } from "./gateway-leg.js";
import { ShardLink } from "./shard-link.js";

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

/** One socket and the streams on it. */
type Socket = {
  readonly connection: Connection;
  readonly protocol: MediaProtocol;
  session: MediaSession;
  readonly legs: Map<number, { readonly leg: GatewayLeg; readonly link: ShardLink }>;
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
  readonly #prompts = new Map<string, Uint8Array>();
  readonly #legs = new Map<number, { readonly leg: GatewayLeg; readonly socket: Socket }>();
  readonly #counters = {
    connections: 0,
    legs: 0,
    refusedUpgrades: 0,
    refusedStarts: 0,
    protocolErrors: 0,
    inboundDropped: 0,
  };
  #listener: Listener | undefined;
  #lastSlot = 0;
  #isDraining = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#expected = new ExpectedCalls(options.time);
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
        return this.#expected.forget(command.callId);
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
    this.#links.get(link.shardIndex)?.close();
    this.#links.set(link.shardIndex, link);
  }

  #accept(request: UpgradeRequest): UpgradeAnswer {
    const answer = this.#judge(request);
    if (!answer.ok) this.#counters.refusedUpgrades += 1;
    return answer;
  }

  #judge(request: UpgradeRequest): UpgradeAnswer {
    const { protocols, config } = this.#options;
    const protocol = protocolOfPath(protocols, request.path);
    if (protocol === undefined) {
      const paths = protocols.map(({ path }) => path).join(", ");
      const reason = `No media protocol at ${request.path.slice(0, 80)}; there is ${paths}.`;
      return { ok: false, status: 404, reason };
    }
    const isFull = (this.#listener?.connectionCount ?? 0) >= config.connectionsMax;
    if (this.#isDraining || isFull) {
      const reason = isFull ? "All media connections are taken." : "This node takes no new calls.";
      return { ok: false, status: 503, reason, retryAfterSeconds: 5 };
    }
    const isOffered = request.subprotocols.includes(protocol.subprotocol ?? "");
    return isOffered ? { ok: true, subprotocol: protocol.subprotocol! } : { ok: true };
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
        const entry = socket.legs.get(streamId);
        if (entry === undefined) return;
        const { nowMs: atMs } = socket;
        const head = { slot: entry.leg.slot, sequence: 0, flags: 0, mediaSamples, atMs };
        if (entry.leg.isFlooding(mediaSamples, atMs, floodMs)) {
          throw new EngineError(
            "PROTOCOL_FLOOD",
            `more than ${floodMs} ms of audio ahead of real time; send at the pace of speech`,
          );
        }
        entry.link.write(head, payload);
      },
      dtmf: (streamId, digit) => {
        const entry = socket.legs.get(streamId);
        entry?.link.tell({ kind: "keypad", slot: entry.leg.slot, digit });
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
      socket.connection.close(policyViolation, "no call is waiting under this call id and token");
      return;
    }
    const { callId, format } = start;
    const { protocol, session } = socket;
    const { time } = this.#options;
    const slot = (this.#lastSlot += 1);
    const tell = link.tell.bind(link);
    const leg = new GatewayLeg({ slot, callId, start, protocol, session, time, tell });
    socket.legs.set(start.streamId, { leg, link });
    this.#legs.set(slot, { leg, socket });
    socket.startTimer.cancel();
    this.#wheel.keepTurning(true);
    session.ready(start.streamId);
    const { frameBytes } = leg;
    const atMs = time.nowMs();
    link.tell({
      kind: "legOpened",
      callId,
      slot,
      format,
      frameBytes,
      protocol: protocol.name,
      atMs,
    });
    this.#options.report({ kind: "mediaOpened", callId });
  }

  #endLeg(socket: Socket, streamId: number, reason: string): void {
    const entry = socket.legs.get(streamId);
    if (entry === undefined) return;
    const { leg, link } = entry;
    socket.legs.delete(streamId);
    this.#legs.delete(leg.slot);
    this.#wheel.stop(leg);
    leg.close();
    if (this.#legs.size === 0) this.#wheel.keepTurning(false);
    link.tell({ kind: "legClosed", slot: leg.slot, reason });
    this.#options.report({ kind: "mediaClosed", callId: leg.callId, reason });
  }

  #command(command: LegCommand, _link: ShardLink): void {
    // Frames written before this command lie in the ring: they come first.
    this.#pollRings();
    const entry = this.#legs.get(command.slot);
    if (entry === undefined) return;
    const { leg, socket } = entry;
    switch (command.kind) {
      case "playPrompt": {
        const audio = this.#prompts.get(`${command.promptId} ${leg.formatKey}`);
        if (audio === undefined) return leg.skip(command.utterance);
        leg.playPrompt(command.utterance, audio);
        return this.#wheel.start(leg, leg.playedUntilMs);
      }
      case "openStream":
        return leg.openStream(command.utterance);
      case "endStream":
        leg.closeStream(command.utterance);
        if (leg.hasFrame) this.#wheel.start(leg, leg.playedUntilMs);
        return;
      case "clear":
        return leg.clear(command.utterance);
      case "hangup":
        socket.session.hangup(leg.streamId, command.reason);
        this.#endLeg(socket, leg.streamId, command.reason);
        if (socket.legs.size === 0) socket.connection.close(CLOSE.normal, command.reason);
    }
  }

  #pollRings(): void {
    for (const link of this.#links.values()) {
      link.poll((slot, utterance, payload) => {
        const leg = this.#legs.get(slot)?.leg;
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
