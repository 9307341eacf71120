/** One call of the simulation: its callee, its vendors, its ways, and what is judged about it. */
import type { CallEvent } from "../../actors/call/call-events.js";
import type { CallMemory, CallSpec } from "../../actors/call/cast-ports.js";
import type { MediaLegMessage } from "../../actors/call/messages.js";
import type { Message } from "../../actors/kernel/index.js";
import type { CompiledFlow, Expectation } from "../../dialog/dialog-types.js";
import { exampleVariables } from "../../dialog/talk.js";
import type { LegCommand, LegNotice } from "../../engine/control/messages.js";
import type { Recognizer } from "../../speech/asr/recognizer.js";
import { Caller } from "./caller.js";
import { DelayLine } from "./delay-line.js";
import { Ear } from "./ear.js";
import type { FaultDesk } from "./fault-plan.js";
import { seededRng, type SeededRng } from "./seeded-rng.js";
import { SimStore, simRecognizer, type Speech, type VendorOptions } from "./sim-vendors.js";
import type { Part } from "./watched-cast.js";
import type { World } from "./world.js";

/** Nobody does anything for so long: the dialog is stuck. Flows ask for 6 s of silence at most. */
const stuckMs = 20_000;
/** What the Synthesizer waits for one sentence. */
const voiceMsMax = 4000;
const answerMsMax = 5000;
const durationMsMax = 120_000;
/** A confirmed interruption silences us within this, delays of the ways included. */
const silentWithinMs = 200;
/** What the cast allows itself in any ten seconds. */
const restartsMax = 5;
const restartPeriodMs = 10_000;

export class SimCall {
  readonly index: number;
  readonly callId: string;
  readonly faults: FaultDesk;
  readonly spec: CallSpec;
  readonly vendors: VendorOptions;
  readonly recognizer: Recognizer | undefined;
  readonly store: SimStore;
  /** Fixed prompts are rendered for it; else all is streamed. */
  readonly hasPrompts: boolean;
  outcome: string | undefined;
  memory: CallMemory | undefined;
  readonly #world: World;
  readonly #rng: SeededRng;
  readonly #ear: Ear;
  readonly #caller: Caller;
  readonly #notices: DelayLine;
  readonly #commands: DelayLine;
  readonly #speeches: Speech[] = [];
  #slot: number | undefined;
  #isLineOpen = false;
  #startedMs = 0;
  #answeredMs: number | undefined;
  #expectation: Expectation | undefined;
  #saidUtterance = 0;
  #starts = new Map<string, number>();
  #restartsMs: number[] = [];

  constructor(world: World, index: number, flow: CompiledFlow, faults: FaultDesk) {
    const { loop, shardTime, gatewayTime } = world;
    this.#world = world;
    this.index = index;
    this.callId = `c${index}`;
    this.faults = faults;
    const rng = (this.#rng = seededRng(world.seed, 0xca11, index));
    this.hasPrompts = rng.chance(0.8);
    this.spec = {
      callId: this.callId,
      userId: `user-${index}`,
      flowId: flow.id,
      variables: exampleVariables(flow),
      isRecorded: rng.chance(0.8),
      answerMsMax,
      durationMsMax,
    };
    const violated = this.violated;
    const way = { world: loop.world, faults };
    const wayRng = seededRng(world.seed, 0x3a7, index);
    const delayMs = (): number => 0.2 + wayRng.next() * 3;
    this.#notices = new DelayLine({ ...way, receiver: shardTime, delayMs, site: "notice" });
    this.#commands = new DelayLine({ ...way, receiver: gatewayTime, delayMs, site: "command" });
    const vendorRng = seededRng(world.seed, 0x7e2d, index);
    const speechOf = (code: number): Speech | undefined => this.#speeches[code - 1];
    this.vendors = { loop, time: shardTime, rng: vendorRng, faults, speechOf };
    this.recognizer = rng.chance(0.92) ? simRecognizer(this.vendors) : undefined;
    this.store = new SimStore(this.vendors, violated);
    const earTime = loop.world;
    const markReached = (name: string): void =>
      gatewayTime.soon(() => world.gateway.markReached(this.#slot ?? 0, name));
    const earDelayMs = rng.int(3, 40);
    this.#ear = new Ear({ time: earTime, faults, delayMs: earDelayMs, violated, markReached });
    this.#caller = this.#makeCaller();
  }

  readonly violated = (rule: string, what: string): void => {
    this.#world.violations.add(this.index, rule, what);
  };

  /** Dials: the callee answers after a while, or does not. */
  start(): void {
    const { loop } = this.#world;
    this.#startedMs = loop.world.nowMs();
    this.#world.startCall(this);
    const answersInMs = this.#rng.int(20, 900);
    if (this.#rng.chance(0.03)) return;
    loop.world.after(answersInMs, () => this.#answer());
    const hangup = this.faults.find("nodeHangup");
    if (hangup === undefined) return;
    loop.world.after(answersInMs + hangup.at, () => {
      if (this.outcome !== undefined) return;
      this.faults.strike(hangup);
      this.#world.shard.hangup(this.callId, "cancelled");
    });
  }

  /** A command of this call's shard to the gateway. */
  send(command: LegCommand): void {
    if (this.#world.sabotage === "clear-ignored" && command.kind === "clear") return;
    this.#note(command.kind, "utterance" in command ? command.utterance : 0);
    this.#commands.send(() => this.#world.gateway.command(command));
  }

  /** Something about the cast, as it reports it. */
  event(event: CallEvent): void {
    const detail = event.kind === "state" ? `state ${event.state}` : event.kind;
    this.#note(event.kind === "ended" ? `ended ${event.outcome}` : detail);
    if (this.outcome !== undefined) {
      return this.violated("one-outcome", `${event.kind} after ended as ${this.outcome}`);
    }
    if (event.kind !== "ended") return;
    this.outcome = event.outcome;
    this.#judgeEnd();
    this.#world.callEnded(this);
    if (this.faults.hasLostNotice) this.#giveUpLater();
  }

  /** Nobody is there who could hang up: the shard was never told of the line. The callee does. */
  #giveUpLater(): void {
    this.#world.loop.world.after(4000, () => {
      if (!this.#isLineOpen) return;
      this.#closeLine();
      this.#world.gateway.peerEnded(this.#slot!, "the callee gave up");
    });
  }

  /** A message is about to be handled, or has been, by one of this call's actors. */
  handling({ role }: Part, message: Message, when: "before" | "after"): void {
    if (when === "before") {
      this.#note(`${role} ${message.kind}`);
      this.#kill = this.faults.pass("kill", role);
      if (this.#kill?.mode === "before") throw new Error(`simulated: ${role} dies`);
      if (role === "mediaLeg") this.#notice(message as MediaLegMessage);
      if (role === "dialog" && message.kind === "bargeIn") this.#note("barge-in");
      return;
    }
    if (this.#kill?.mode === "after") throw new Error(`simulated: ${role} dies`);
  }
  #kill: ReturnType<FaultDesk["pass"]>;

  /** A life of one of this call's actors begins. */
  starting({ role }: Part): void {
    const lives = (this.#starts.get(role) ?? 0) + 1;
    this.#starts.set(role, lives);
    if (lives > 1) this.#restarted(role);
    if (this.faults.pass("killStart", role) !== undefined) {
      throw new Error(`simulated: ${role} dies at its start`);
    }
  }

  /** The MediaLeg tells the Dialog that the callee has interrupted: now we must be silent. */
  bargeInConfirmed(): void {
    const nowMs = this.#world.loop.world.nowMs();
    this.#ear.mustBeSilent(this.#saidUtterance, nowMs + silentWithinMs);
  }

  /** Looks in now and then: is anybody doing anything? */
  judgeProgress(): void {
    const nowMs = this.#world.loop.world.nowMs();
    if (this.outcome !== undefined) return;
    const limitMs = answerMsMax + durationMsMax + 5000;
    if (nowMs - this.#startedMs > limitMs) this.violated("no-end", `lives for over ${limitMs} ms`);
    if (this.#answeredMs === undefined || this.faults.hasLostNotice) return;
    const activeMs = Math.max(this.#caller.lastActiveMs, this.#ear.playedUntilMs);
    if (nowMs - activeMs > stuckMs + this.#voiceMs && this.#isLineOpen) {
      this.violated(
        "stuck",
        `nothing happens for ${stuckMs} ms in ${this.memory?.snapshot?.state}`,
      );
    }
  }

  /** How long we may wait for a voice that does not answer. */
  get #voiceMs(): number {
    const hanging = this.faults.all.filter(({ site, mode }) => site === "tts" && mode !== "fail");
    return hanging.reduce((sumMs, { count }) => sumMs + count * voiceMsMax, 0);
  }

  #makeCaller(): Caller {
    const { loop, seed } = this.#world;
    return new Caller({
      loop,
      rng: seededRng(seed, 0x90, this.index),
      faults: this.faults,
      ear: this.#ear,
      expectation: () => this.#expectation,
      hear: (payload, mediaSamples) => {
        if (this.#isTaken) this.#world.writeFrame(this.#slot!, payload, mediaSamples);
      },
      press: (digit) => this.#tellShard({ kind: "keypad", slot: this.#slot!, digit }),
      hangUp: () => {
        this.#closeLine();
        this.#world.gateway.peerEnded(this.#slot!, "the callee hung up");
      },
      codeOf: (speech) => this.#speeches.push(speech),
      note: (what) => this.#note(what),
    });
  }

  /** Whether the shard has this call's leg in its table. */
  #isTaken = false;

  #answer(): void {
    if (this.outcome !== undefined) return;
    this.#isLineOpen = true;
    this.#slot = this.#world.gateway.open({
      callId: this.callId,
      callIndex: this.index,
      hasMarks: this.#rng.chance(0.5),
      ear: this.#ear,
      tell: (notice) => this.#tellShard(notice),
      violated: this.violated,
      taken: () => void (this.#isTaken = true),
      closed: () => this.#closeLine(),
    });
    this.#caller.start();
  }

  #closeLine(): void {
    this.#isLineOpen = false;
    this.#caller.stop();
    this.#ear.close();
  }

  #tellShard(notice: LegNotice): void {
    this.#notices.send(() => {
      this.#note(`notice ${notice.kind === "playback" ? notice.notice.kind : notice.kind}`);
      if (notice.kind === "legOpened") this.#answeredMs ??= this.#world.loop.world.nowMs();
      // Cloned, as a port does: a notice that comes twice is two messages.
      this.#world.notify(structuredClone(notice));
    });
  }

  #notice(message: MediaLegMessage): void {
    if (message.kind === "expect") this.#expectation = message.expectation;
    if (message.kind === "say") this.#saidUtterance = message.utterance;
  }

  #restarted(role: string): void {
    const nowMs = this.#world.loop.world.nowMs();
    this.#restartsMs = this.#restartsMs.filter((atMs) => nowMs - atMs <= restartPeriodMs);
    this.#restartsMs.push(nowMs);
    if (this.#restartsMs.length <= restartsMax) return;
    this.violated("restart-intensity", `${role}: over ${restartsMax} restarts in 10 s`);
  }

  #judgeEnd(): void {
    const { outcome } = this;
    this.#ear.finish();
    if (this.faults.struck.size > 0 || this.#world.hasWorldFaults) return;
    // Nothing went wrong: it ends as the flow or the callee wanted.
    if (outcome === "failed" || (outcome === "too_long" && this.#answeredMs !== undefined)) {
      this.violated("unprovoked", `ended as ${outcome} without a fault`);
    }
  }

  #note(what: string, value = 0): void {
    const { trace, loop } = this.#world;
    trace.note(loop.world.nowMs(), this.index, what, value);
  }
}
