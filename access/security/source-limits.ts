/**
 * What one source may ask of us: a bucket of tokens per address, filled again by time. Bounded: of
 * too many sources the one that was quiet longest is forgotten.
 */
import type { Clock } from "../../base/ports.js";

/** One address, or a /64 of IPv6: whoever has one of its addresses has them all. */
export function sourceOf(address: string): string {
  if (!address.includes(":")) return address;
  return address.split("::")[0]!.split(":").slice(0, 4).join(":");
}

type Bucket = { left: number; atMs: number };

export class SourceLimits {
  readonly #buckets = new Map<string, Bucket>();
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #sourcesMax: number;
  readonly #clock: Pick<Clock, "nowMs">;

  constructor(options: {
    readonly perSecond: number;
    /** At once, after a pause. */
    readonly burst: number;
    readonly sourcesMax?: number;
    readonly clock: Pick<Clock, "nowMs">;
  }) {
    this.#perSecond = options.perSecond;
    this.#burst = options.burst;
    this.#sourcesMax = options.sourcesMax ?? 10_000;
    this.#clock = options.clock;
  }

  /** Takes one; false when this source has used its share up. */
  take(address: string): boolean {
    const bucket = this.#bucketOf(address);
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }

  /** Whether this source has nothing left. */
  isUsedUp(address: string): boolean {
    const known = this.#buckets.has(sourceOf(address));
    return known && this.#bucketOf(address).left < 1;
  }

  /** Sources that are remembered. */
  get count(): number {
    return this.#buckets.size;
  }

  #bucketOf(address: string): Bucket {
    const source = sourceOf(address);
    const nowMs = this.#clock.nowMs();
    const known = this.#buckets.get(source);
    const bucket = known ?? { left: this.#burst, atMs: nowMs };
    const filled = bucket.left + ((nowMs - bucket.atMs) / 1000) * this.#perSecond;
    bucket.left = Math.min(this.#burst, filled);
    bucket.atMs = nowMs;
    // The order of the map is that of use: the first is the one that was quiet longest.
    if (known !== undefined) this.#buckets.delete(source);
    this.#buckets.set(source, bucket);
    if (this.#buckets.size > this.#sourcesMax) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest!);
    }
    return bucket;
  }
}
