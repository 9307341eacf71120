/**
 * A shard: whole calls, on one thread. Frames come by the ring, read on a 2 ms tick while any leg
 * is open; from idle the gateway rings a doorbell.
 */
import type { MessagePort } from "node:worker_threads";
import type { CastPorts } from "../../actors/call/cast-ports.js";
import { ownFrame, type AudioFrame } from "../../actors/call/audio-frame.js";
import type { CallDirectory } from "../../actors/call/messages.js";
import type { ActorSystem } from "../../actors/kernel/index.js";
import { FrameRingReader, FrameRingWriter, type FrameView } from "../../base/frame-ring.js";
import type { Time, Timer } from "../../base/ports.js";
import type { LegCommand, LegNotice, NumberedCommand, ShardLinkData } from "../control/messages.js";
import { CommandOutbox } from "./command-outbox.js";
import { ShardCalls, type CallsListener } from "./calls.js";
import type { CallMemory, CallSpec, MediaLink } from "../../actors/call/cast-ports.js";

const tickMs = 2;
/** Frames handled in one tick; the rest waits for the next, so that messages get their turn. */
const framesPerTickMax = 2000;

/** A call whose start has not come by then does not come: it is over. */
const earlyMsMax = 2000;
/** A call of a lost shard comes for sure, but all of them come at once. */
const adoptedMsMax = 10_000;

/** What waits for a call to start. */
type EarlyCall = {
  readonly acts: ((directory: CallDirectory) => void)[];
  readonly giveUps: (() => void)[];
  readonly timer: Timer;
};

/** How long a call is waited for that has not started here, and what happens then. */
type Patience = { readonly giveUp?: () => void; readonly msMax?: number };

type LentAudio = { -readonly [Key in keyof AudioFrame]: AudioFrame[Key] };

type OpenLeg = { readonly callId: string; readonly directory: CallDirectory };

/** One life of the gateway. */
type GatewayEnd = {
  readonly port: MessagePort;
  readonly reader: FrameRingReader;
  readonly writer: FrameRingWriter;
  readonly commands: CommandOutbox;
};

export class Shard {
  readonly #time: Time;
  readonly #directories = new Map<string, CallDirectory>();
  /** For calls the node has not told us of yet: its port and the gateway's have no common order. */
  readonly #early = new Map<string, EarlyCall>();
  /** Open legs by the gateway's number. */
  readonly #legs = new Map<number, OpenLeg>();
  /** Legs that are open at the gateway while their call has not started here: the call's id. */
  readonly #earlyLegs = new Map<number, string>();
  readonly #calls: ShardCalls;
  readonly #handedOver: (callId: string, silentAtMs: number) => void;
  #gateway: GatewayEnd | undefined;
  #isTicking = false;
  /** The frame that is being visited; one object for all. */
  readonly #audio: LentAudio = {
    kind: "audio",
    payload: new Uint8Array(),
    mediaSamples: 0,
    atMs: 0,
  };

  /** @param castPorts makes the ports of the cast around this shard's own way to the gateway */
  constructor(options: {
    readonly time: Time;
    readonly system: ActorSystem;
    readonly castPorts: (media: MediaLink) => CastPorts;
    /** A leg of a lost shard is here; its callee hears nothing more from `silentAtMs` on. */
    readonly handedOver?: (callId: string, silentAtMs: number) => void;
  }) {
    this.#time = options.time;
    this.#handedOver = options.handedOver ?? (() => undefined);
    const ports = options.castPorts(this.#mediaLink());
    const listener: CallsListener = {
      started: (callId, directory) => this.#started(callId, directory),
      ended: (callId) => this.#ended(callId),
      isLive: (callId) => this.#directories.has(callId),
    };
    const { system } = options;
    this.#calls = new ShardCalls({
      ports,
      listener,
      spawn: (behavior) => system.spawn("calls", behavior),
    });
  }

  /** A new gateway has none of the sockets of the one before: all legs of that one are closed. */
  attachGateway(link: ShardLinkData): void {
    this.gatewayLost(new Set());
    const { port } = link;
    const reader = new FrameRingReader(link.inbound);
    const writer = new FrameRingWriter(link.outbound);
    const post = (command: NumberedCommand): void => port.postMessage(command);
    const commands = new CommandOutbox({ time: this.#time, taken: link.taken, post });
    const gateway = { port, reader, writer, commands };
    this.#gateway = gateway;
    port.on("message", (notice: LegNotice) => {
      if (this.#gateway === gateway) this.#notice(notice);
    });
    if (!reader.sleep()) this.#wake();
  }

  /** @param waiting ids of the calls whose legs may be opened again by the next gateway */
  gatewayLost(waiting: ReadonlySet<string>): void {
    if (this.#gateway === undefined) return;
    this.#drain();
    this.close();
    const legs = [...this.#legs.values()];
    this.#legs.clear();
    // Of those whose call has not come here yet nothing is left: the next gateway tells of them.
    this.#earlyLegs.clear();
    const atMs = this.#time.nowMs();
    for (const { callId, directory } of legs) {
      const { call } = directory;
      if (waiting.has(callId)) call.tell({ kind: "legLost", atMs });
      else call.tell({ kind: "legClosed", reason: "the gateway is lost" });
    }
  }

  startCall(spec: CallSpec): void {
    this.#calls.start({ spec });
  }

  /** Takes over a call of a lost shard; the gateway hands its leg over. */
  adoptCall(spec: CallSpec, memory: CallMemory, incarnation: number): void {
    this.#calls.start({ spec, earlier: { memory, incarnation } });
  }

  hangup(callId: string, outcome: string): void {
    this.#deliver(callId, (directory) => directory.call.tell({ kind: "hangup", outcome }));
  }

  get callCount(): number {
    return this.#directories.size;
  }

  close(): void {
    this.#gateway?.port.close();
    this.#gateway?.commands.close();
    this.#gateway = undefined;
  }

  #notice(notice: LegNotice): void {
    switch (notice.kind) {
      case "doorbell":
        return this.#wake();
      case "legOpened":
        return this.#legOpened(notice);
      case "legGone":
        return this.#deliverNotice(notice.callId, (directory) =>
          directory.call.tell({ kind: "legClosed", reason: "gone" }),
        );
      case "legClosed":
        this.#drain();
        return this.#onLeg(notice.slot, ({ call }) => {
          this.#legs.delete(notice.slot);
          call.tell({ kind: "legClosed", reason: notice.reason });
        });
      case "legAway":
        return this.#onLeg(notice.slot, ({ call }) =>
          call.tell({ kind: "legAway", change: notice.change }),
        );
      case "legBack":
        return this.#onLeg(notice.slot, ({ call }) =>
          call.tell({ kind: "legBack", atMs: notice.atMs, change: notice.change }),
        );
      case "keypad":
        return this.#onLeg(notice.slot, ({ call }) =>
          call.tell({ kind: "keypad", digit: notice.digit, number: notice.number }),
        );
      case "credit":
        return this.#onLeg(notice.slot, ({ call }) =>
          call.tell({ kind: "credit", frames: notice.frames, utterance: notice.utterance }),
        );
      case "playback":
        return this.#onLeg(notice.slot, ({ call }) =>
          call.tell({ kind: "playback", notice: notice.notice }),
        );
    }
  }

  /**
   * Does something with the call of a leg, behind its `legOpened`. By way of the Call: the rest of
   * the cast is there only when the Call has read that the leg is open.
   */
  #onLeg(slot: number, act: (directory: CallDirectory) => void): void {
    const leg = this.#legs.get(slot);
    if (leg !== undefined) return act(leg.directory);
    const callId = this.#earlyLegs.get(slot);
    if (callId !== undefined) this.#deliverNotice(callId, act);
  }

  #legOpened(notice: Extract<LegNotice, { kind: "legOpened" }>): void {
    const { callId, slot, format, frameBytes, protocol, atMs: openedAtMs, adoption } = notice;
    const leg = { slot, format, frameBytes, protocol, openedAtMs };
    const adopted = adoption === undefined ? {} : { adoption };
    const open = (directory: CallDirectory): void => {
      this.#earlyLegs.delete(slot);
      this.#legs.set(slot, { callId, directory });
      directory.call.tell({ kind: "legOpened", leg, ...adopted });
      this.#tell({ kind: "legTaken", slot });
      this.#wake();
    };
    const giveUp = (): void => {
      this.#earlyLegs.delete(slot);
      this.#tell({ kind: "hangup", slot, reason: "the call is over" });
    };
    this.#earlyLegs.set(slot, callId);
    if (notice.silentAtMs !== undefined) this.#handedOver(callId, notice.silentAtMs);
    const msMax = adoption === undefined ? earlyMsMax : adoptedMsMax;
    this.#deliverNotice(callId, open, { giveUp, msMax });
  }

  /** The same as `#deliver`, unless the gateway that said so is lost meanwhile. */
  #deliverNotice(
    callId: string,
    act: (directory: CallDirectory) => void,
    { giveUp = () => undefined, ...patience }: Patience = {},
  ): void {
    const gateway = this.#gateway;
    const unlessLost =
      <Args extends unknown[]>(run: (...args: Args) => void) =>
      (...args: Args): void => {
        if (this.#gateway === gateway) run(...args);
      };
    this.#deliver(callId, unlessLost(act), { ...patience, giveUp: unlessLost(giveUp) });
  }

  /** Does something with a call now, or as soon as it starts; gives up when it does not. */
  #deliver(
    callId: string,
    act: (directory: CallDirectory) => void,
    { giveUp = () => undefined, msMax = earlyMsMax }: Patience = {},
  ): void {
    const directory = this.#directories.get(callId);
    if (directory !== undefined) return act(directory);
    const before = this.#early.get(callId);
    const early = before ?? { acts: [], giveUps: [], timer: this.#expiry(callId, msMax) };
    early.acts.push(act);
    early.giveUps.push(giveUp);
    this.#early.set(callId, early);
  }

  #expiry(callId: string, msMax: number): Timer {
    return this.#time.after(msMax, () => {
      const early = this.#early.get(callId);
      this.#early.delete(callId);
      for (const giveUp of early?.giveUps ?? []) giveUp();
    });
  }

  #started(callId: string, directory: CallDirectory): void {
    this.#directories.set(callId, directory);
    const early = this.#early.get(callId);
    this.#early.delete(callId);
    early?.timer.cancel();
    for (const act of early?.acts ?? []) act(directory);
  }

  /** Its legs go with it, also where nobody said that they are closed: nobody listens to them. */
  #ended(callId: string): void {
    const directory = this.#directories.get(callId);
    this.#directories.delete(callId);
    for (const [slot, leg] of this.#legs) if (leg.directory === directory) this.#legs.delete(slot);
  }

  #wake(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#tick();
  }

  #tick(): void {
    this.#drain();
    const isIdle = this.#legs.size === 0 && (this.#gateway?.reader.sleep() ?? true);
    if (isIdle) this.#isTicking = false;
    else this.#time.after(tickMs, this.#tickLater);
  }

  readonly #tickLater = (): void => this.#tick();

  #drain(): void {
    this.#gateway?.reader.drain(this.#visit, framesPerTickMax);
  }

  /** A frame stays on the ring while its MediaLeg hears it; one that must wait is copied. */
  readonly #visit = (frame: FrameView): void => {
    const mediaLeg = this.#legs.get(frame.slot)?.directory.mediaLeg;
    if (mediaLeg === undefined) return;
    const audio = this.#audio;
    audio.payload = frame.payload;
    audio.mediaSamples = frame.mediaSamples;
    audio.atMs = frame.atMs;
    mediaLeg.lend(audio, ownFrame);
  };

  #mediaLink(): MediaLink {
    return {
      playPrompt: (slot, utterance, promptId) =>
        this.#tell({ kind: "playPrompt", slot, utterance, promptId }),
      streamFrame: (slot, utterance, frame) => {
        const head = { slot, sequence: utterance, flags: 0, mediaSamples: 0, atMs: 0 };
        return this.#gateway?.writer.write(head, frame) ?? false;
      },
      openStream: (slot, utterance) => this.#tell({ kind: "openStream", slot, utterance }),
      endStream: (slot, utterance) => this.#tell({ kind: "endStream", slot, utterance }),
      clear: (slot, utterance) => this.#tell({ kind: "clear", slot, utterance }),
      hold: (slot) => this.#tell({ kind: "hold", slot }),
      release: (slot) => this.#tell({ kind: "release", slot }),
      hangup: (slot, reason) => this.#tell({ kind: "hangup", slot, reason }),
    };
  }

  #tell(command: LegCommand): void {
    this.#gateway?.commands.send(command);
  }
}
