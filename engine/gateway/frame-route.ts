/**
 * The way of one leg's frames to its shard. Until the shard knows the leg they are held, because
 * the ring may be faster than the message that announces it: no frame is lost at a start, nor when
 * a leg changes shards. A leg that waits for a shard is parked: it has no link, and holds as well.
 */
import type { FrameHead } from "../../base/frame-ring.js";
import type { LegNotice } from "../control/messages.js";
import type { ShardLink } from "./shard-link.js";

/** Two seconds of 10 ms; who takes longer to answer is lost, and the oldest frames with them. */
const heldMax = 200;

type Held = { readonly payload: Uint8Array; readonly mediaSamples: number; readonly atMs: number };

export class FrameRoute {
  readonly link: ShardLink | undefined;
  /** Of the frame that is being written; one object for all. */
  readonly #head: FrameHead;
  #held: Held[] | undefined;

  /** @param before the route that it takes the place of: what that one holds goes on with it */
  constructor(slot: number, link: ShardLink | undefined, before?: FrameRoute) {
    this.#head = { slot, sequence: 0, flags: 0, mediaSamples: 0, atMs: 0 };
    this.link = link;
    this.#held = (before === undefined ? undefined : before.#held) ?? [];
  }

  /** Tells the shard; while there is none, nobody: whoever takes the leg over asks it instead. */
  tell(notice: LegNotice): void {
    this.link?.tell(notice);
  }

  /** Passes a frame on; copies it. */
  write(payload: Uint8Array, mediaSamples: number, atMs: number): void {
    if (this.#held !== undefined) return this.hold(payload, mediaSamples, atMs);
    this.#head.mediaSamples = mediaSamples;
    this.#head.atMs = atMs;
    this.link?.write(this.#head, payload);
  }

  /** Keeps a frame for the shard to come, in the order of media time. Once open: too late. */
  hold(payload: Uint8Array, mediaSamples: number, atMs: number): void {
    if (this.#held === undefined) return;
    this.#held.push({ payload: payload.slice(), mediaSamples, atMs });
    if (this.#held.length > heldMax) this.#held.shift();
  }

  /** The shard knows the leg: what was held goes first. */
  open(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    held.sort((a, b) => a.mediaSamples - b.mediaSamples);
    for (const { payload, mediaSamples, atMs } of held) this.write(payload, mediaSamples, atMs);
  }
}
