/**
 * What must hold in the life of one call, whatever shard has it: it goes on where it was, it is
 * remembered before it speaks, restarts stay within bounds, and it ends in time and for a reason.
 */
import type { CallMemory } from "../../actors/call/cast-ports.js";
import type { DialogSnapshot } from "../../dialog/dialog-types.js";
import type { SimCall } from "./sim-call.js";
import type { SimThread } from "./sim-threads.js";
import type { World } from "./world.js";

/** Nobody does anything for so long: the dialog is stuck. Flows ask for 6 s of silence at most. */
const stuckMs = 20_000;
/** What the Synthesizer waits for one sentence. */
const voiceMsMax = 4000;
/** What the cast allows itself in any ten seconds. */
const restartsMax = 5;
const restartPeriodMs = 10_000;

export class LifeJudge {
  readonly #call: SimCall;
  readonly #world: World;
  /** The thread whose actors are this call now. */
  #thread: SimThread | undefined;
  #starts = new Map<string, number>();
  #restartsMs: number[] = [];
  #memory: CallMemory | undefined;
  /** Where the next life of the Dialog must begin. */
  #resumeFrom: DialogSnapshot | undefined;
  readonly #endsReported = new Set<SimThread>();
  /** Shards it had to leave. */
  losses = 0;
  memoryCount = 0;

  constructor(call: SimCall, world: World) {
    this.#call = call;
    this.#world = world;
  }

  /** The life of the shard that it began on last. */
  get life(): string | undefined {
    return this.#thread?.life;
  }

  /** A shard gives the ledger what must outlive it. */
  remembered(memory: CallMemory): void {
    this.memoryCount += 1;
    this.#memory = memory;
    const from = this.#resumeFrom;
    const { snapshot } = memory;
    if (from === undefined || snapshot === undefined) return;
    this.#resumeFrom = undefined;
    const isSame =
      from.state === snapshot.state &&
      JSON.stringify(from.variables) === JSON.stringify(snapshot.variables);
    if (isSame) return;
    this.#call.violated("resume", `left in ${from.state}, goes on in ${snapshot.state}`);
  }

  /** Nobody remembers more of it than the disk does. */
  processLost(memory: CallMemory | undefined): void {
    this.#memory = memory;
    this.#resumeFrom = undefined;
  }

  /** The gateway is told of an utterance: another shard must know that it may have been heard. */
  said(utterance: number): void {
    const known = this.#memory?.lastUtterance ?? 0;
    if (utterance <= known) return;
    this.#call.violated("remembered-first", `u${utterance} is said, u${known} is remembered`);
  }

  starting(role: string, thread: SimThread): void {
    if (role === "call") this.#moved(thread);
    const lives = (this.#starts.get(role) ?? 0) + 1;
    this.#starts.set(role, lives);
    if (lives > 1) this.#restarted(role);
    if (role === "dialog") this.#resumeFrom = this.#memory?.snapshot;
  }

  endReported(thread: SimThread): void {
    if (this.#endsReported.has(thread)) {
      this.#call.violated("one-outcome", `${thread.name} reports its end twice`);
    }
    this.#endsReported.add(thread);
  }

  /** Looks in now and then: is anybody doing anything? */
  progress(): void {
    const { outcome, startedMs, faults, isTalking, activeMs } = this.#call;
    if (outcome !== undefined) return;
    const nowMs = this.#world.loop.world.nowMs();
    const { lifeMsMax, lastTroubleMs } = this.#world;
    if (nowMs - startedMs > lifeMsMax) {
      this.#call.violated("no-end", `lives for over ${lifeMsMax} ms`);
    }
    if (!isTalking || faults.hasLostMessage) return;
    const quietMs = nowMs - Math.max(activeMs, lastTroubleMs);
    if (quietMs <= stuckMs + this.#voiceMs) return;
    this.#call.violated(
      "stuck",
      `nothing happens for ${stuckMs} ms in ${this.#memory?.snapshot?.state}`,
    );
  }

  ended(outcome: string): void {
    const { faults, startedMs, fate, flow } = this.#call;
    const { isStopping, lastTroubleMs } = this.#world;
    if (faults.struck.size > 0 || lastTroubleMs >= startedMs || isStopping) return;
    // An engine whose frames were late, be it by the faults of a few calls, takes no more of them.
    if (outcome === "refused:ADMISSION_REFUSED") return;
    // Nothing went wrong: it ends as the flow, the callee or the network wanted.
    const own = { busy: "busy", rejected: "rejected", unreachable: "unreachable" } as const;
    const isOwn =
      fate === "answers"
        ? flow.outcomes.includes(outcome)
        : fate in own
          ? outcome === own[fate as keyof typeof own]
          : outcome === "no_answer";
    if (!isOwn) this.#call.violated("unprovoked", `${fate} ended as ${outcome} without a fault`);
  }

  /** How long we may wait for a voice that does not answer. */
  get #voiceMs(): number {
    const { all } = this.#call.faults;
    const hanging = all.filter(({ site, mode }) => site === "tts" && mode !== "fail");
    return hanging.reduce((sumMs, { count }) => sumMs + count * voiceMsMax, 0);
  }

  #moved(thread: SimThread): void {
    if (this.#thread === thread) {
      this.#call.violated("life-twice", `begins twice on ${thread.name}`);
    } else if (this.#thread?.isAlive === true && this.#call.outcome === undefined) {
      const places = `${this.#thread.name} and ${thread.name}`;
      this.#call.violated("life-twice", `lives on ${places} at once`);
    }
    if (this.#thread !== undefined) this.losses += 1;
    this.#thread = thread;
    this.#starts = new Map();
    this.#restartsMs = [];
  }

  #restarted(role: string): void {
    const nowMs = this.#world.loop.world.nowMs();
    this.#restartsMs = this.#restartsMs.filter((atMs) => nowMs - atMs <= restartPeriodMs);
    this.#restartsMs.push(nowMs);
    if (this.#restartsMs.length <= restartsMax) return;
    this.#call.violated("restart-intensity", `${role}: over ${restartsMax} restarts in 10 s`);
  }
}
