/**
 * The callee's phone: it brings the media stream of an answered call to the gateway, carries what
 * the callee says, plays what we say into the ear, and may lose its connection.
 */
import type { CodecName } from "../../codecs/audio/audio-codec.js";
import type { Ear } from "./ear.js";
import type { FaultDesk } from "./fault-plan.js";
import type { SeededRng } from "./seeded-rng.js";
import type { SimLoop } from "./sim-loop.js";
import { connectionLost, type SimConnection, type SimNetwork } from "./sim-network.js";
import { frameSamples } from "./spoken-code.js";
import { audioMessage, headOf, payloadOf, simPath } from "./sim-protocol.js";

export type PhoneOptions = {
  readonly loop: SimLoop;
  readonly network: SimNetwork;
  readonly rng: SeededRng;
  readonly faults: FaultDesk;
  readonly ear: Ear;
  readonly callId: string;
  readonly token: string;
  readonly hasMarks: boolean;
  readonly codec: CodecName;
  readonly delayMs: number;
  readonly note: (what: string, value?: number) => void;
  /** The stream was taken: the callee can speak, and is heard. */
  readonly opened: () => void;
  /** The line is gone for good. */
  readonly closed: () => void;
};

/** A phone whose connection broke tries again until then. */
const reconnectMsMax = 6000;

export class Phone {
  readonly #options: PhoneOptions;
  #connection: SimConnection | undefined;
  #resume: string | undefined;
  #isReady = false;
  #isOver = false;
  #lostAtMs: number | undefined;

  constructor(options: PhoneOptions) {
    this.#options = options;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether what it says gets through now. */
  get isReady(): boolean {
    return this.#isReady && !this.#isOver;
  }

  /** The callee has picked up. */
  answer(): void {
    const fault = this.#options.faults.find("socket");
    if (fault?.mode === "wrongToken" || fault?.mode === "twoPhones") {
      this.#options.faults.strike(fault);
      const isWrong = fault.mode === "wrongToken";
      if (!isWrong) this.#connect();
      return this.#strange(isWrong ? "no-such-token" : this.#options.token, () => {
        if (isWrong) this.#connect();
      });
    }
    this.#connect();
  }

  say(payload: Uint8Array, mediaSamples: number): void {
    if (this.isReady) this.#connection!.sendToServer(audioMessage(mediaSamples, payload));
  }

  press(digit: string): void {
    if (this.isReady) this.#connection!.sendToServer(`dtmf ${digit}`);
  }

  returnMark(name: string): void {
    if (this.isReady) this.#connection!.sendToServer(`mark ${name}`);
  }

  hangUp(): void {
    if (this.#isOver) return;
    this.#connection?.sendToServer("hangup");
    this.#connection?.closeByClient();
    this.#end();
  }

  /** Somebody else comes with this call's id; nothing must come of it but a refusal. */
  #strange(token: string, refused: () => void): void {
    const { network, delayMs, callId, codec, hasMarks, note, ear } = this.#options;
    const stranger: SimConnection = network.connect({
      path: simPath(hasMarks),
      delayMs,
      handler: {
        opened: () => stranger.sendToServer(`start ${callId} ${token} ${codec}`),
        message: (data) => {
          if (typeof data !== "string") ear.strange();
        },
        closed: () => {
          note("stranger refused");
          refused();
        },
      },
    });
  }

  #connect(): void {
    const { network, delayMs, callId, token, codec, hasMarks } = this.#options;
    const connection: SimConnection = network.connect({
      path: simPath(hasMarks),
      delayMs,
      handler: {
        opened: () => {
          const { arrivedFrames } = this.#options.ear;
          const resume =
            this.#resume === undefined ? "" : ` ${this.#resume} ${arrivedFrames * frameSamples}`;
          connection.sendToServer(`start ${callId} ${token} ${codec}${resume}`);
        },
        message: (data) => this.#message(connection, data),
        closed: (reason) => this.#closed(connection, reason),
      },
    });
    this.#connection = connection;
  }

  #message(connection: SimConnection, data: Uint8Array | string): void {
    if (this.#isOver || connection !== this.#connection) return;
    const { ear, loop, delayMs } = this.#options;
    if (typeof data !== "string") return ear.frame(headOf(data), payloadOf(data));
    const [word, argument = "", samples = ""] = data.split(" ");
    switch (word) {
      case "ready":
        // Behind it comes what is sent again.
        if (samples === "anew") ear.beganAnew();
        else if (samples !== "first") this.#resumed(Number(samples) / frameSamples);
        return void loop.world.after(delayMs, () => this.#ready(connection, argument));
      case "mark":
        return ear.mark(argument);
      case "clear":
        return ear.clear(Number(argument));
      case "hangup":
        ear.hungUp();
        return this.#end();
      default:
        return;
    }
  }

  /** Our audio goes on from there: from what arrived, no frame left out and none twice. */
  #resumed(fromFrame: number): void {
    const { ear } = this.#options;
    if (fromFrame === ear.arrivedFrames) return;
    ear.goOnFrom(fromFrame);
  }

  #ready(connection: SimConnection, resume: string): void {
    if (this.#isOver || connection !== this.#connection || connection.isOver) return;
    this.#resume = resume === "-" ? undefined : resume;
    this.#isReady = true;
    if (this.#lostAtMs === undefined) {
      this.#options.opened();
      this.#scheduleFault();
    } else this.#options.note("phone resumed");
    this.#lostAtMs = undefined;
  }

  #scheduleFault(): void {
    const { faults, loop } = this.#options;
    const fault = faults.find("socket");
    if (fault === undefined) return;
    loop.world.after(fault.at, () => {
      const connection = this.#connection;
      if (this.#isOver || connection === undefined || connection.isOver) return;
      switch (fault.mode) {
        case "cut":
          connection.cut(fault.durationMs / 10);
          break;
        case "cutUnnoticed":
          connection.cut(fault.durationMs * 15);
          break;
        case "hold":
          connection.standStill(fault.durationMs);
          break;
        case "nonsense":
          connection.sendToServer("nonsense");
          break;
        default:
          return;
      }
      faults.strike(fault);
      this.#options.note(`socket ${fault.mode}`);
    });
  }

  /** Lost, refused, or closed by the gateway. */
  #closed(connection: SimConnection, reason: string): void {
    if (this.#isOver || connection !== this.#connection) return;
    const { loop, rng, ear, note } = this.#options;
    note(`phone lost: ${reason.slice(0, 20)}`);
    this.#isReady = false;
    const nowMs = loop.world.nowMs();
    this.#lostAtMs ??= nowMs;
    ear.lineLost();
    // Before its first `ready` it comes back with the token of the call.
    const isCut = reason === connectionLost;
    const isHopeless =
      !this.#options.hasMarks ||
      (this.#resume === undefined && !isCut) ||
      nowMs - this.#lostAtMs > reconnectMsMax;
    if (isHopeless) return this.#end();
    loop.world.after(rng.int(50, 1500), () => {
      if (!this.#isOver) this.#connect();
    });
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.ear.close();
    this.#options.closed();
  }
}
