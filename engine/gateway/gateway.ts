/**
 * The gateway: it owns the sockets, the playout and what was heard, so that a caller keeps hearing
 * while the call logic behind it is replaced.
 *
 *   in:  socket → protocol takes the payload out → ring of the call's shard
 *   out: prompt by reference, or ring → playout wheel → protocol → socket
 */
import { toErrorData } from "../../base/errors.js";
import { Histogram } from "../../base/histogram.js";
import type { Time } from "../../base/ports.js";
import type { MediaProtocol, StreamStart } from "../../access/protocols/media-protocol.js";
import { protocolOfPath } from "../../access/protocols/media-protocols.js";
import {
  CLOSE,
  type Connection,
  type ListenOptions,
  type Listener,
  type Transport,
  type UpgradeAnswer,
  type UpgradeRequest,
} from "../../access/transports/transport.js";
import { listenForAudioSocket } from "../../access/transports/audiosocket-listener.js";
import {
  readCertificate,
  watchCertificate,
  type CertificateFiles,
} from "../../access/security/certificate.js";
import { UpgradeGuard } from "../../access/security/upgrade-guard.js";
import type { GatewayConfig } from "../../config/schema.js";
import type { GatewayCommand, GatewayCounters, GatewayReport } from "../control/messages.js";
import { Admission } from "./admission.js";
import { LegDesk } from "./leg-desk.js";
import { LineFigures } from "./line-figures.js";
import { brokenFields, MediaSocket, type SocketOwner } from "./media-socket.js";
import type { Seat } from "./seat.js";
import { guardRules } from "./guard-rules.js";
import { judgeUpgrade } from "./upgrade-policy.js";

const countersEveryMs = 1000;

export type GatewayOptions = {
  readonly config: GatewayConfig;
  readonly time: Time;
  readonly transport: Transport;
  readonly protocols: readonly MediaProtocol[];
  readonly report: (report: GatewayReport) => void;
};

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #frameOut = new Histogram();
  readonly #admission: Admission;
  readonly #desk: LegDesk;
  readonly #lines: LineFigures;
  readonly #prompts = new Map<string, Uint8Array>();
  readonly #counters = { refusedUpgrades: 0, refusedStarts: 0, protocolErrors: 0 };
  #listener: Listener | undefined;
  /** For Asterisk's AudioSocket, where a port is given to it. */
  #audioSocket: Listener | undefined;
  readonly #guard: UpgradeGuard;
  #certificateWatch: { stop(): void } | undefined;
  #isDraining = false;

  constructor(options: GatewayOptions) {
    const { time, config, report } = options;
    this.#options = options;
    this.#admission = new Admission(time);
    this.#lines = new LineFigures(report);
    this.#guard = new UpgradeGuard(
      guardRules(config, () => this.#ownUrl),
      time,
    );
    this.#desk = new LegDesk({
      time,
      playoutLeadMs: config.playoutLeadMs,
      sent: (latenessMs) => this.#frameOut.recordMs(latenessMs),
      findPrompt: (promptId, formatKey) => this.#prompts.get(`${promptId} ${formatKey}`),
      resumeGraceMs: config.resumeGraceMs,
      tokenOf: (callId, generation) => this.#admission.tokenOf(callId, generation),
      report,
    });
  }

  /** @throws {EngineError} `TRANSPORT_LISTEN_FAILED` */
  async start(): Promise<void> {
    const { config, transport, report } = this.#options;
    const { tls } = config;
    const certificate = tls === undefined ? {} : { tls: readCertificate(tls) };
    const listener = await transport.listen({
      ...this.#listenOptions(config.port, false),
      ...certificate,
    });
    this.#listener = listener;
    if (tls !== undefined) this.#watchCertificate(listener, tls);
    if (config.audioSocketPort !== undefined) {
      this.#audioSocket = await listenForAudioSocket(
        this.#listenOptions(config.audioSocketPort, true),
      );
    }
    report({ kind: "listening", port: this.#listener.port, frameOut: this.#frameOut.handle });
    this.#reportCounters();
  }

  /** The port of AudioSocket; undefined where it is off. */
  get audioSocketPort(): number | undefined {
    return this.#audioSocket?.port;
  }

  get #ownUrl(): string {
    const { host, advertisedUrl, tls } = this.#options.config;
    const scheme = tls === undefined ? "ws" : "wss";
    return advertisedUrl ?? `${scheme}://${host}:${this.#listener?.port ?? 0}`;
  }

  #watchCertificate(listener: Listener, files: CertificateFiles): void {
    this.#certificateWatch = watchCertificate(files, this.#options.time, {
      changed: (certificate) => {
        listener.renewTls?.(certificate);
        this.#log("info", "another certificate is shown", { certFile: files.certFile });
      },
      failed: (error) => this.#log("error", "a certificate is not used", toErrorData(error)),
    });
  }

  #listenOptions(port: number, isTcp: boolean): ListenOptions {
    const { config, time } = this.#options;
    return {
      host: config.host,
      port,
      messageBytesMax: config.messageBytesMax,
      bufferedBytesMax: config.bufferedBytesMax,
      handshakeMsMax: config.handshakeMsMax,
      idleMsMax: config.idleMsMax,
      time,
      accept: (request) => this.#accept(request, isTcp),
      connected: (connection) => this.#connected(connection),
      failed: (error) => this.#log("error", "a connection handler failed", toErrorData(error)),
    };
  }

  receive(command: GatewayCommand): void {
    switch (command.kind) {
      case "attachShard":
        return this.#desk.attach(command.link);
      case "expectCall":
        return this.#admission.expected.expect(command);
      case "setResumeKey":
        this.#guard.setKey(command.key);
        return this.#admission.setKey(command.key);
      case "listen":
        return void this.#listen();
      case "expectResume":
        return this.#expectResume(command);
      case "forgetCall":
        return this.#forgetCall(command.callId);
      case "moveCalls":
        return this.#desk.moveCalls(command, (callId, shardIndex) =>
          this.#admission.expected.move(callId, shardIndex),
        );
      case "farewell":
        return this.#farewell(command);
      case "pressKey":
        return this.#desk.seatOf(command.callId)?.leg.keyReceived(command.digit, "trunk");
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

  async #listen(): Promise<void> {
    try {
      await this.start();
    } catch (error) {
      this.#options.report({ kind: "failed", error: toErrorData(error) });
    }
  }

  counters(): GatewayCounters {
    const connections = this.#connectionCount;
    const { count: legs, awayCount: legsAway, resumedCount: resumed, inboundDropped } = this.#desk;
    return { ...this.#counters, connections, legs, legsAway, resumed, inboundDropped };
  }

  /** The call is over: nobody may come for it, and who is still there is hung up. */
  #forgetCall(callId: string): void {
    this.#admission.expected.forget(callId);
    const seat = this.#desk.seatOf(callId);
    if (seat !== undefined) this.#desk.hangup(seat, "the call is over");
  }

  /** A call that no shard may have any more ends here; nobody may come for it. */
  #farewell({ callId, promptId }: Extract<GatewayCommand, { kind: "farewell" }>): void {
    this.#admission.expected.forget(callId);
    if (this.#desk.seatOf(callId) !== undefined) return this.#desk.farewell(callId, promptId);
    this.#options.report({ kind: "mediaClosed", callId, reason: "there is no media stream" });
  }

  /** A call that is under way: its client may come back, here. */
  #expectResume(command: Extract<GatewayCommand, { kind: "expectResume" }>): void {
    const { callId, expiresInMs } = command;
    const { expected } = this.#admission;
    expected.expectBack(command);
    this.#options.time.after(expiresInMs, () => {
      if (expected.expireBack(callId)) {
        this.#options.report({ kind: "resumeExpired", callId });
      }
    });
  }

  get #connectionCount(): number {
    return (this.#listener?.connectionCount ?? 0) + (this.#audioSocket?.connectionCount ?? 0);
  }

  #accept(request: UpgradeRequest, isTcp: boolean): UpgradeAnswer {
    const { protocols, config } = this.#options;
    const isFull = this.#connectionCount >= config.connectionsMax;
    const isDraining = this.#isDraining;
    const isExpecting = this.#admission.expected.isExpecting || this.#desk.awayCount > 0;
    const judged = judgeUpgrade(request, { protocols, isFull, isDraining, isExpecting, isTcp });
    const name = protocolOfPath(protocols, request.path)?.name ?? "";
    const answer = judged.ok ? (this.#guard.judge(request, name) ?? judged) : judged;
    if (!answer.ok) this.#counters.refusedUpgrades += 1;
    return answer;
  }

  #connected(connection: Connection): void {
    const { protocols, config, time } = this.#options;
    const protocol = protocolOfPath(protocols, connection.request.path)!;
    const { startMsMax } = config;
    new MediaSocket({ connection, protocol, time, startMsMax, owner: this.#owner });
  }

  readonly #owner: SocketOwner = {
    started: (socket, start) => this.#started(socket, start),
    room: (seat) => this.#desk.goOn(seat),
    rateChanged: ({ leg: { callId } }, change) =>
      this.#log("info", "the rate of a stream follows its link", { callId, ...change }),
    neverStarted: ({ connection }) => this.#guard.failed(connection.request),
    heard: (nowMs) => this.#desk.pace(nowMs),
    packed: (session) => this.#desk.packed(session),
    confirmed: (seat) => this.#desk.confirm(seat),
    lost: (seat) => {
      const isOver = this.#listener === undefined || this.#options.config.resumeGraceMs === 0;
      if (isOver) this.#desk.end(seat, "connection lost");
      else this.#desk.lose(seat);
    },
    ended: (seat, reason) => {
      this.#lines.tell([seat]);
      this.#desk.end(seat, reason);
    },
    broken: (socket, error) => {
      this.#counters.protocolErrors += 1;
      this.#log("warn", "a media client broke its protocol", brokenFields(socket, error));
    },
  };

  /**
   * A client that sits on an open connection may be quicker than the node's word that it is
   * expected, which waits for its turn behind what the sockets brought: it is looked for twice.
   */
  #started(socket: MediaSocket, given: StreamStart, isSecondLook = false): void {
    const { ticket } = given;
    const ofTicket = ticket === undefined ? {} : this.#admission.expected.ofTicket(ticket);
    const start: StreamStart = { ...given, ...ofTicket };
    const decision = this.#admission.judge(start, this.#seatOf(start.callId));
    if (decision.kind === "resume") return this.#desk.resume(decision.seat, socket, start);
    if (decision.kind === "open") {
      const link = this.#desk.link(decision.shardIndex);
      if (link !== undefined) return this.#desk.open(socket, start, { ...decision, link });
    }
    const isUnknown = decision.kind === "refuse" && decision.why === "unknownCall";
    if (isUnknown && !isSecondLook) return this.#lookAgain(socket, given);
    this.#counters.refusedStarts += 1;
    this.#guard.failed(socket.connection.request);
    const why = decision.kind === "refuse" ? decision.why : "noShard";
    this.#log("warn", "a media stream was refused", { why, callId: start.callId });
    socket.refuse(start.streamId, "no call is waiting under this call id and token");
  }

  /** After the next turn of the loop: in it the messages that wait now are read. */
  #lookAgain(socket: MediaSocket, start: StreamStart): void {
    const { time } = this.#options;
    time.soon(() => {
      time.soon(() => {
        if (socket.isStarting(start.streamId)) this.#started(socket, start, true);
      });
    });
  }

  #seatOf(callId: string | undefined): Seat | undefined {
    return callId === undefined ? undefined : this.#desk.seatOf(callId);
  }

  #reportCounters(): void {
    this.#options.time.after(countersEveryMs, () => {
      if (this.#listener === undefined) return;
      this.#options.report({ kind: "counters", counters: this.counters() });
      this.#lines.tell(this.#desk.seats.values());
      this.#reportCounters();
    });
  }

  async #stop(): Promise<void> {
    this.#isDraining = true;
    this.#certificateWatch?.stop();
    const listener = this.#listener;
    this.#listener = undefined;
    for (const one of [listener, this.#audioSocket]) {
      await one?.close(CLOSE.goingAway, "the engine stops");
    }
    this.#desk.stop();
    this.#options.report({ kind: "stopped" });
  }

  #log(level: "info" | "warn" | "error", message: string, fields: object): void {
    this.#options.report({ kind: "log", level, message, fields: { ...fields } });
  }
}
