/**
 * The one clock that paces all outgoing audio of a gateway: a wheel of ten 2 ms slots, each leg in
 * the slot in which its frames fall due. Deadlines are absolute (`t0 + n·20 ms`), so a late pass
 * does not push the next one back.
 *
 * ```
 *   slot  0   1   2   3   4   5   6   7   8   9        one turn = one frame = 20 ms
 *        [a] [ ] [b,c] [ ] ...     a pass visits the slots gone by since the last one
 * ```
 *
 * A leg that was idle sends at once, and then runs `leadMs` ahead of its playout, so that our own
 * lateness up to that much is never heard. A leg of shorter frames sits in several slots of a turn.
 */
import { assert } from "../../base/assert.js";
import type { Time, Timer } from "../../base/ports.js";

/** What the wheel paces. */
export interface PacedLeg {
  /** Sends the frame whose playout is due at `playAtMs`; false when there is none to send. */
  sendFrame(playAtMs: number, nowMs: number): boolean;
  /** Where it may run less far ahead than others. */
  readonly leadMs?: number | undefined;
  /** Length of its frames: a whole part of the wheel's, and of its slots. Default the wheel's. */
  readonly frameMs?: number | undefined;
  /** Its connection now, if it can send several frames at once. */
  readonly line?: FrameLine | undefined;
}

/** What is sent between the two may go out in one write. */
export type FrameLine = { hold(): void; release(): void };

export type WheelOptions = {
  readonly time: Time;
  readonly frameMs: number;
  readonly leadMs: number;
  /** Frames sent together: one that is due, and those behind it ahead of their time. Default 1. */
  readonly packFrames?: number;
  /** Lateness of each frame sent, of a pack that of its first: when it should have been sent. */
  readonly sent: (latenessMs: number) => void;
  /** Runs at every pass before frames are sent: brings in what waits elsewhere. */
  readonly poll: () => void;
  /** Runs when a pass has sent what was due. */
  readonly passed?: () => void;
};

type Seat = {
  readonly leg: PacedLeg;
  readonly slots: readonly number[];
  readonly frameMs: number;
  readonly startMs: number;
  /** When the next frame is to be heard. */
  playAtMs: number;
};

const slotCount = 10;
/** A pass is overdue from then on. Less, and a full loop makes as many passes as an empty one. */
const overdueMs = 5;
/** Turns made up for in one go by a leg that fell behind; beyond it the timeline is moved. */
const catchUpTurnsMax = 10;

export class PlayoutWheel {
  readonly #options: WheelOptions;
  readonly #frameMs: number;
  readonly #slotMs: number;
  /** Frames of a pack that go ahead of their time. */
  readonly #aheadFrames: number;
  readonly #slots: Set<Seat>[] = Array.from({ length: slotCount }, () => new Set<Seat>());
  readonly #seats = new Map<PacedLeg, Seat>();
  #nextSlotIndex = 0;
  #timer: Timer | undefined;
  #isAwake = false;

  constructor(options: WheelOptions) {
    assert(options.leadMs % options.frameMs === 0, "the lead is whole frames", {
      leadMs: options.leadMs,
      frameMs: options.frameMs,
    });
    this.#options = options;
    this.#frameMs = options.frameMs;
    this.#slotMs = options.frameMs / slotCount;
    this.#aheadFrames = (options.packFrames ?? 1) - 1;
  }

  /** Turns while `isNeeded`: while any leg is open, since the poll must run. */
  keepTurning(isNeeded: boolean): void {
    if (isNeeded === this.#isAwake) return;
    this.#isAwake = isNeeded;
    if (!isNeeded) return this.#timer?.cancel();
    this.#nextSlotIndex = Math.ceil(this.#options.time.nowMs() / this.#slotMs);
    this.#arm();
  }

  /**
   * Passes now if a pass is overdue: for whoever handles much in one turn of the loop, in which the
   * timer would wait for all of it.
   */
  passIfDue(nowMs: number): void {
    if (!this.#isAwake || nowMs < this.#nextSlotIndex * this.#slotMs + overdueMs) return;
    this.#timer?.cancel();
    this.#pass();
  }

  /**
   * Starts pacing a leg that has something to play; sends its first frames at once.
   *
   * @param earliestMs when what the leg sent before will have been heard: playout follows it
   */
  start(leg: PacedLeg, earliestMs: number): void {
    if (this.#seats.has(leg)) return;
    const nowMs = this.#options.time.nowMs();
    const slotIndex = Math.floor(Math.max(nowMs, earliestMs) / this.#slotMs);
    const playAtMs = slotIndex * this.#slotMs;
    const frameMs = leg.frameMs ?? this.#frameMs;
    const seat: Seat = {
      leg,
      slots: this.#slotsOf(slotIndex, frameMs),
      frameMs,
      startMs: nowMs,
      playAtMs,
    };
    this.#seats.set(leg, seat);
    for (const slot of seat.slots) this.#slots[slot]!.add(seat);
    this.#serve(seat, nowMs);
  }

  /** Stops pacing a leg. */
  stop(leg: PacedLeg): void {
    const seat = this.#seats.get(leg);
    if (seat === undefined) return;
    this.#seats.delete(leg);
    for (const slot of seat.slots) this.#slots[slot]!.delete(seat);
  }

  #slotsOf(slotIndex: number, frameMs: number): readonly number[] {
    const stepSlots = (slotCount * frameMs) / this.#frameMs;
    const count = slotCount / stepSlots;
    assert(Number.isInteger(stepSlots) && Number.isInteger(count), "frames end with slots", {
      frameMs,
      slotMs: this.#slotMs,
    });
    return Array.from({ length: count }, (_, turn) => (slotIndex + turn * stepSlots) % slotCount);
  }

  #arm(): void {
    const delayMs = this.#nextSlotIndex * this.#slotMs - this.#options.time.nowMs();
    this.#timer = this.#options.time.after(Math.max(0, delayMs), this.#passLater);
  }

  readonly #passLater = (): void => this.#pass();

  #pass(): void {
    if (!this.#isAwake) return;
    this.#options.poll();
    const nowMs = this.#options.time.nowMs();
    const nowIndex = Math.floor(nowMs / this.#slotMs);
    // After a stall of over one turn every slot is visited once; each leg catches up by itself.
    const first = Math.max(this.#nextSlotIndex, nowIndex - slotCount + 1);
    for (let index = first; index <= nowIndex; index += 1) {
      for (const seat of this.#slots[index % slotCount]!) this.#serve(seat, nowMs);
    }
    this.#nextSlotIndex = nowIndex + 1;
    this.#options.passed?.();
    this.#arm();
  }

  /** Sends what is due, `leadMs` ahead; a leg with nothing left gives its seat back. */
  #serve(seat: Seat, nowMs: number): void {
    const leadMs = this.#leadMsOf(seat);
    if (Math.max(seat.startMs, seat.playAtMs - leadMs) > nowMs) return;
    // Before the timeline is moved: a stall is counted in full, by the first frame behind it.
    const owedMs = nowMs - Math.max(seat.startMs, seat.playAtMs - leadMs);
    const behindMs = nowMs - seat.playAtMs;
    if (behindMs > catchUpTurnsMax * this.#frameMs) {
      seat.playAtMs += Math.floor(behindMs / seat.frameMs) * seat.frameMs;
    }
    const { line } = seat.leg;
    line?.hold();
    const hasMore = this.#sendPack(seat, nowMs, owedMs);
    line?.release();
    if (!hasMore) this.stop(seat.leg);
  }

  #leadMsOf({ leg }: Seat): number {
    return leg.leadMs ?? this.#options.leadMs;
  }

  /** @returns false when the leg ran out of frames */
  #sendPack(seat: Seat, nowMs: number, owedMs: number): boolean {
    const { sent } = this.#options;
    const leadMs = this.#leadMsOf(seat);
    const aheadMs = seat.leg.leadMs === undefined ? this.#aheadFrames * seat.frameMs : 0;
    const untilMs = nowMs + aheadMs;
    let [latenessMs, leastMs] = [0, owedMs];
    for (;;) {
      const dueMs = Math.max(seat.startMs, seat.playAtMs - leadMs);
      if (dueMs > untilMs) return true;
      if (!seat.leg.sendFrame(seat.playAtMs, nowMs)) return false;
      // One that goes ahead of its time is as late as the one it goes with.
      if (dueMs <= nowMs) latenessMs = Math.max(leastMs, nowMs - dueMs);
      leastMs = 0;
      sent(latenessMs);
      seat.playAtMs += seat.frameMs;
    }
  }
}
