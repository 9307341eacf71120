/** A mailbox: one bounded queue per lane, served system first. */
import { BoundedQueue } from "./bounded-queue.js";
import { defaultLaneLimits, laneOrder, type Lane, type LaneLimits } from "./lanes.js";
import type { LaneMetrics } from "./metrics.js";
import type { Behavior, Message } from "./types.js";

type Shape<M extends Message> = Pick<
  Behavior<never, M>,
  "laneOf" | "bytesOf" | "coalesce" | "limits"
>;

/** What a push did. `displaced` lists the messages that had to go, for the dead-letter log. */
export type PushResult<M> =
  | { readonly kind: "queued" | "merged" | "refused" }
  | { readonly kind: "displaced"; readonly messages: readonly M[] };

type Losses = { refused: number; dropped: number; merged: number };

const queued = { kind: "queued" } as const;
const merged = { kind: "merged" } as const;
const refused = { kind: "refused" } as const;

export class Mailbox<M extends Message> {
  readonly #shape: Shape<M>;
  readonly #limits: LaneLimits;
  readonly #queues: Partial<Record<Lane, BoundedQueue<M>>> = {};
  readonly #lost: Partial<Record<Lane, Losses>> = {};
  #count = 0;

  constructor(shape: Shape<M>) {
    this.#shape = shape;
    this.#limits = { ...defaultLaneLimits, ...shape.limits };
  }

  /** Messages waiting on all lanes. */
  get count(): number {
    return this.#count;
  }

  /**
   * @param nowMs monotonic, for the age of the oldest
   * @param lane overrides the behaviour's own choice (timers and notices ride on `system`)
   */
  push(
    message: M,
    nowMs: number,
    lane: Lane = this.#shape.laneOf?.(message) ?? "intents",
  ): PushResult<M> {
    const queue = (this.#queues[lane] ??= new BoundedQueue<M>(this.#limits[lane]));
    const bytes = this.#shape.bytesOf?.(message) ?? 0;
    const policy = queue.limit.policy;
    if (policy === "coalesce" && this.#merge(queue, message)) {
      this.#losses(lane).merged += 1;
      return merged;
    }
    if (queue.hasRoom(bytes)) {
      queue.push(message, bytes, nowMs);
      this.#count += 1;
      return queued;
    }
    if (policy !== "dropOldest" || bytes > queue.limit.bytesMax) {
      this.#losses(lane).refused += 1;
      return refused;
    }
    return this.#displace(queue, lane, message, bytes, nowMs);
  }

  /** The next message: system first, then the lanes in their order. */
  shift(): M | undefined {
    if (this.#count === 0) return undefined;
    for (const lane of laneOrder) {
      const queue = this.#queues[lane];
      if (queue !== undefined && queue.count > 0) {
        this.#count -= 1;
        return queue.shift();
      }
    }
    return undefined;
  }

  /** The lanes that ever held or refused a message. */
  metrics(nowMs: number): Partial<Record<Lane, LaneMetrics>> {
    const lanes: Partial<Record<Lane, LaneMetrics>> = {};
    for (const lane of laneOrder) {
      const queue = this.#queues[lane];
      if (queue === undefined) continue;
      const oldestAgeMs = nowMs - (queue.oldestMs ?? nowMs);
      const lost = this.#lost[lane] ?? { refused: 0, dropped: 0, merged: 0 };
      lanes[lane] = { depth: queue.count, bytes: queue.bytes, oldestAgeMs, ...lost };
    }
    return lanes;
  }

  #merge(queue: BoundedQueue<M>, message: M): boolean {
    const last = queue.last;
    if (last === undefined) return false;
    const both = this.#shape.coalesce?.(last, message);
    if (both === undefined) return false;
    const bytes = this.#shape.bytesOf?.(both) ?? 0;
    if (!queue.hasRoomInLast(bytes)) return false;
    queue.replaceLast(both, bytes);
    return true;
  }

  #displace(
    queue: BoundedQueue<M>,
    lane: Lane,
    message: M,
    bytes: number,
    nowMs: number,
  ): PushResult<M> {
    const displaced: M[] = [];
    while (!queue.hasRoom(bytes)) {
      displaced.push(queue.shift()!);
      this.#count -= 1;
      this.#losses(lane).dropped += 1;
    }
    queue.push(message, bytes, nowMs);
    this.#count += 1;
    return { kind: "displaced", messages: displaced };
  }

  #losses(lane: Lane): Losses {
    return (this.#lost[lane] ??= { refused: 0, dropped: 0, merged: 0 });
  }
}
