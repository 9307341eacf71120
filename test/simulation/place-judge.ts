/** How often a place among the shards gets another thread: beyond its intensity it stays empty. */
import { threadIntensity } from "../../engine/node/restarts.js";

export class PlaceJudge {
  readonly #violated: (rule: string, what: string) => void;
  /** Who has each place, and when it got another thread. */
  readonly #places = new Map<number, { owner: object; takenMs: number[] }>();

  constructor(violated: (rule: string, what: string) => void) {
    this.#violated = violated;
  }

  /** A thread has this place now; a new gateway tells the same one again. */
  taken(shardIndex: number, owner: object, nowMs: number): void {
    const place = this.#places.get(shardIndex);
    if (place === undefined) return void this.#places.set(shardIndex, { owner, takenMs: [] });
    if (place.owner === owner) return;
    place.owner = owner;
    const { periodMs, restartsMax } = threadIntensity;
    place.takenMs = [...place.takenMs.filter((atMs) => nowMs - atMs <= periodMs), nowMs];
    if (place.takenMs.length <= restartsMax) return;
    this.#violated(
      "restart-intensity",
      `shard ${shardIndex}: over ${restartsMax} restarts in ${periodMs} ms`,
    );
  }
}
