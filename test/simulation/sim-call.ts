/** One call of the simulation: its callee, its vendors, its ways, and what is judged about it. */
import { decode } from "@msgpack/msgpack";
import type { CallMemory } from "../../actors/call/cast-ports.js";
import type { MediaLegMessage } from "../../actors/call/messages.js";
import type { Message } from "../../actors/kernel/index.js";
import type { OriginateRequest, TrunkAttempt, TrunkEvent } from "../../access/trunks/trunk.js";
import { codecOf } from "../../codecs/audio/audio-codec.js";
import type { CompiledFlow, Expectation } from "../../dialog/dialog-types.js";
import { exampleVariables } from "../../dialog/talk.js";
import type { LegCommand, LegNotice, ShardReport } from "../../engine/control/messages.js";
import type { CallRequest, CallView } from "../../engine/engine-node.js";
import { AdmissionJudge } from "./admission-judge.js";
import { Caller } from "./caller.js";
import { DelayLine } from "./delay-line.js";
import { Ear } from "./ear.js";
import type { Fault, FaultDesk } from "./fault-plan.js";
import { LifeJudge } from "./life-judge.js";
import { fateOfCommand, type CommandFate } from "./node-commands.js";
import { Phone } from "./phone.js";
import { seededRng, type SeededRng } from "./seeded-rng.js";
import { fateOf, SimAttempt, type Fate } from "./sim-trunk.js";
import { SimRecording } from "./sim-recording.js";
import type { Speech, VendorOptions } from "./sim-vendors.js";
import type { SimDisk } from "./sim-disk.js";
import type { ThreadTime } from "./sim-loop.js";
import type { SimThread } from "./sim-threads.js";
import { frameSamples, readVoice } from "./spoken-code.js";
import type { Part } from "./watched-cast.js";
import type { World } from "./world.js";

/** A confirmed interruption silences us within this, delays of the ways included. */
const silentWithinMs = 200;

export class SimCall {
  readonly index: number;
  readonly callId: string;
  readonly flow: CompiledFlow;
  readonly faults: FaultDesk;
  readonly vendors: VendorOptions;
  readonly recording: SimRecording;
  readonly fate: Fate;
  readonly judge: LifeJudge;
  readonly admission: AdmissionJudge;
  /** Set once: how it ended, or that it was not let in. */
  outcome: string | undefined;
  readonly #world: World;
  readonly #rng: SeededRng;
  readonly #ear: Ear;
  readonly #caller: Caller;
  readonly #notices: DelayLine;
  readonly #commands: DelayLine;
  readonly #speeches: Speech[] = [];
  #phone: Phone | undefined;
  #attempt: SimAttempt | undefined;
  #startedMs = 0;
  #expectation: Expectation | undefined;
  #saidUtterance = 0;
  #dialled = 0;
  #kill: Fault | undefined;

  constructor(world: World, index: number, flow: CompiledFlow, faults: FaultDesk) {
    const { loop } = world;
    this.#world = world;
    this.index = index;
    this.callId = `c${index}`;
    this.flow = flow;
    this.faults = faults;
    const rng = (this.#rng = seededRng(world.seed, 0xca11, index));
    this.fate = fateOf(rng);
    const violated = this.violated;
    const way = { world: loop.world, faults };
    const wayRng = seededRng(world.seed, 0x3a7, index);
    const delayMs = (): number => 0.2 + wayRng.next() * 3;
    this.#notices = new DelayLine({ ...way, delayMs, site: "notice" });
    this.#commands = new DelayLine({ ...way, delayMs, site: "command" });
    const vendorRng = seededRng(world.seed, 0x7e2d, index);
    const speechOf = (code: number): Speech | undefined => this.#speeches[code - 1];
    this.vendors = { loop, rng: vendorRng, faults, speechOf };
    this.recording = new SimRecording(this.vendors, violated);
    this.judge = new LifeJudge(this, world);
    this.admission = new AdmissionJudge(violated);
    this.#ear = this.#makeEar();
    this.#caller = this.#makeCaller();
  }

  readonly violated = (rule: string, what: string): void => {
    this.#world.violations.add(this.index, rule, what);
  };

  readonly note = (what: string, value = 0): void => {
    const { trace, loop } = this.#world;
    trace.note(loop.world.nowMs(), this.index, what, value);
  };

  get startedMs(): number {
    return this.#startedMs;
  }

  /** Whether the callee is on the line. */
  get isTalking(): boolean {
    return this.#phone?.isReady === true;
  }

  /** When anything last happened between us and the callee. */
  get activeMs(): number {
    return Math.max(this.#caller.lastActiveMs, this.#ear.playedUntilMs);
  }

  /** Asks the node to dial. */
  start(): void {
    this.#startedMs = this.#world.loop.world.nowMs();
    const request: CallRequest = {
      userId: `user-${this.index}`,
      flow: this.flow.id,
      trunk: "simulated",
      to: this.callId,
      variables: exampleVariables(this.flow),
      isRecorded: this.#rng.chance(0.8),
    };
    this.#world.startCall(this, request);
  }

  /** The node did not take it: nobody may have been dialled, unless the trunk itself threw. */
  refused(code: string): void {
    this.note(`refused ${code}`);
    this.admission.refused(code, this.#dialled);
    if (this.#dialled > 0) return;
    if (this.outcome === undefined) this.#ended(`refused:${code}`);
  }

  /**
   * The node gives it up: no shard may have it any more. Its losses may have any causes but the
   * last one, of the shard that it had for itself.
   */
  givenUp(): void {
    this.note("given up");
    const { life = "no shard" } = this.judge;
    if (this.faults.killed.has(life)) return;
    this.violated("given-up", `is given up, and did not kill ${life}`);
  }

  /** The trunk is asked to dial it. */
  dial(
    request: OriginateRequest,
    nodeTime: ThreadTime,
    tell: (event: TrunkEvent) => void,
  ): TrunkAttempt {
    const { loop, disk } = this.#world;
    this.note("dialled");
    this.#dialled += 1;
    this.admission.dialled();
    if (this.#dialled > 1) this.violated("dialled-once", `dialled ${this.#dialled} times`);
    if (!disk.records.has(this.callId)) {
      this.violated("intent-first", "dialled before the intent was on record");
    }
    if (this.outcome !== undefined) this.violated("dialled-once", "dialled after its end");
    const trouble = this.faults.find("trunk");
    if (trouble?.mode === "throws") {
      this.faults.strike(trouble);
      throw new Error("simulated: the trunk throws");
    }
    this.#attempt = new SimAttempt({
      loop,
      nodeTime,
      rng: this.#rng,
      faults: this.faults,
      fate: this.fate,
      request,
      tell: (event) => {
        this.note(`trunk ${event.kind}`);
        tell(event);
      },
      answer: () => this.#answer(request),
      cut: () => this.#phone?.hangUp(),
    });
    return this.#attempt;
  }

  /** The node says how the call stands. */
  seen(view: CallView): void {
    if (this.outcome !== undefined) {
      const what = `${view.status} ${view.outcome ?? ""} after it ended as ${this.outcome}`;
      return this.violated("one-outcome", what);
    }
    if (view.status === "ended") this.#ended(view.outcome ?? "none");
  }

  /** A process that took it up from a killed one says how it ended. */
  endedElsewhere(outcome: string): void {
    if (this.outcome === undefined) this.#ended(outcome);
  }

  /** Its process was killed, another one has cleared up: what does the record say? */
  afterProcessLoss({ records, wasUnwell }: SimDisk): void {
    if (this.outcome !== undefined) return;
    const outcome = records.get(this.callId)?.outcome;
    if (outcome !== undefined) return this.#ended(outcome);
    if (this.#dialled === 0) return this.#ended("refused:KILLED");
    if (!wasUnwell) this.violated("process-loss", "is live on record after its process is gone");
    this.#ended("refused:UNKNOWN");
  }

  /** A report of the shard that has it. */
  reported(report: Extract<ShardReport, { callId: string }>, thread: SimThread): void {
    if (report.kind === "remember") {
      this.judge.remembered(decode(report.memory) as CallMemory);
    } else if (report.kind === "callEvent") {
      const { event } = report;
      const detail = event.kind === "state" ? `state ${event.state}` : event.kind;
      this.note(event.kind === "ended" ? `ended ${event.outcome}` : detail);
      if (event.kind === "ended") this.judge.endReported(thread);
    }
  }

  /** A message between the gateway and a shard. */
  carry(message: LegCommand | LegNotice, arrive: () => void): void {
    if (isNotice(message)) {
      const { kind } = message;
      return this.#notices.send(() => {
        this.note(`notice ${kind === "playback" ? message.notice.kind : kind}`);
        arrive();
      });
    }
    this.note(message.kind, "utterance" in message ? message.utterance : 0);
    if (message.kind === "playPrompt" || message.kind === "openStream") {
      this.judge.said(message.utterance);
    }
    const { sabotage } = this.#world;
    if (message.kind === "clear" && sabotage === "clear-ignored") return;
    if (message.kind === "clear" && sabotage === "cleared-played") {
      return this.#ear.clear(message.utterance);
    }
    this.#commands.send(arrive);
  }

  /** The node tells a thread something about it. */
  commanded(kind: string): CommandFate {
    this.note(`node ${kind}`);
    if (kind !== "forgetCall" && kind !== "hangup") this.admission.told(kind);
    if (kind === "farewell") this.givenUp();
    return fateOfCommand(kind, this.faults.pass("nodeCommand"));
  }

  /** A message is about to be handled, or has been, by one of this call's actors. */
  handling({ role }: Part, message: Message, when: "before" | "after", thread: SimThread): void {
    if (when === "before") {
      this.note(`${role} ${message.kind}`);
      this.#kill = this.faults.pass("kill", role);
      this.#poison(role, thread);
      if (this.#kill?.mode === "before") throw new Error(`simulated: ${role} dies`);
      if (role === "mediaLeg") this.#toMediaLeg(message as MediaLegMessage);
      return;
    }
    if (this.#kill?.mode === "after") throw new Error(`simulated: ${role} dies`);
  }

  /** A life of one of this call's actors begins. */
  starting({ role }: Part, thread: SimThread): void {
    this.judge.starting(role, thread);
    if (this.faults.pass("killStart", role) !== undefined) {
      throw new Error(`simulated: ${role} dies at its start`);
    }
  }

  /** One of its actors is told something. */
  told({ role }: Part, message: Message): void {
    if (role === "dialog" && message.kind === "bargeIn") this.#bargeInConfirmed();
  }

  /** Everything is over: judges what is left to judge. */
  finish(): void {
    this.#ear.finish();
  }

  #poison(role: string, thread: SimThread): void {
    const fault = this.faults.passPoison(role, thread.life);
    if (fault === undefined) return;
    const kill = (): void => {
      this.faults.killed.add(thread.life);
      thread.lose("poisoned");
    };
    if (fault.mode === "turn") return kill();
    thread.time.after(fault.durationMs, kill);
  }

  /** The MediaLeg tells the Dialog that the callee has interrupted: now we must be silent. */
  #bargeInConfirmed(): void {
    const nowMs = this.#world.loop.world.nowMs();
    this.note("barge-in");
    this.#ear.mustBeSilent(this.#saidUtterance, nowMs + silentWithinMs);
  }

  #ended(outcome: string): void {
    this.outcome = outcome;
    this.#ear.finish();
    this.judge.ended(outcome);
    this.#world.callEnded();
    // Where the shard never learned of the line nobody is there to hang up: the callee does.
    if (this.faults.hasLostMessage) {
      this.#world.loop.world.after(4000, () => this.#phone?.hangUp());
    }
  }

  #answer({ token }: OriginateRequest): void {
    const { loop, network } = this.#world;
    const hangup = this.faults.find("nodeHangup");
    if (hangup !== undefined) loop.world.after(hangup.at, () => this.#nodeHangup(hangup));
    this.#phone = new Phone({
      loop,
      network,
      rng: seededRng(this.#world.seed, 0xf0e, this.index),
      faults: this.faults,
      ear: this.#ear,
      callId: this.callId,
      token,
      hasMarks: this.#hasMarks,
      codec: this.#codec,
      delayMs: this.#delayMs,
      note: this.note,
      opened: () => this.#caller.start(),
      closed: () => {
        this.#caller.stop();
        this.#attempt?.lineClosed();
      },
    });
    this.#phone.answer();
  }

  #nodeHangup(hangup: Fault): void {
    if (this.outcome !== undefined) return;
    this.faults.strike(hangup);
    this.#world.hangup(this);
  }

  get #hasMarks(): boolean {
    return this.index % 2 === 0;
  }

  /** Prompts are there in µ-law only: in the other everything is streamed. */
  get #codec(): "pcmu" | "l16" {
    return seededRng(this.#world.seed, 0xc0d, this.index).chance(0.75) ? "pcmu" : "l16";
  }

  get #delayMs(): number {
    return seededRng(this.#world.seed, 0xde1, this.index).int(3, 40);
  }

  #makeEar(): Ear {
    const codec = codecOf(this.#codec);
    const samples = new Int16Array(frameSamples);
    return new Ear({
      time: this.#world.loop.world,
      faults: this.faults,
      delayMs: this.#delayMs,
      violated: this.violated,
      markReached: (name) => this.#phone?.returnMark(name),
      isExact: () => !this.faults.hasLostMessage,
      read: (payload) => {
        codec.decode(payload, samples);
        return readVoice(samples);
      },
    });
  }

  #makeCaller(): Caller {
    const { loop, seed } = this.#world;
    const codec = codecOf(this.#codec);
    const decodeSpeech = (payload: Uint8Array): Uint8Array => {
      if (codec.name === "pcmu") return payload;
      const samples = new Int16Array(payload.length);
      codecOf("pcmu").decode(payload, samples);
      const coded = new Uint8Array(payload.length * codec.bytesPerSample);
      codec.encode(samples, coded);
      return coded;
    };
    return new Caller({
      loop,
      rng: seededRng(seed, 0x90, this.index),
      faults: this.faults,
      ear: this.#ear,
      expectation: () => this.#expectation,
      hear: (payload, mediaSamples) => this.#phone?.say(decodeSpeech(payload), mediaSamples),
      press: (digit) => this.#phone?.press(digit),
      hangUp: () => this.#phone?.hangUp(),
      codeOf: (speech) => this.#speeches.push(speech),
      note: this.note,
    });
  }

  #toMediaLeg(message: MediaLegMessage): void {
    if (message.kind === "expect") this.#expectation = message.expectation;
    if (message.kind === "say") this.#saidUtterance = message.utterance;
  }
}

const noticeKinds = new Set(["legOpened", "legGone", "legClosed", "keypad", "credit", "playback"]);

function isNotice(message: LegCommand | LegNotice): message is LegNotice {
  return noticeKinds.has(message.kind);
}
