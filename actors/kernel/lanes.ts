/**
 * The five lanes of a mailbox: what waits where, how much of it, and what happens when it is full.
 * There is no order between lanes, except that `system` always comes first.
 */

export type Lane = "system" | "intents" | "transcripts" | "tts" | "audio";

/**
 * - `reject`: the new message is refused and the sender learns it
 * - `dropOldest`: the oldest makes room and is counted
 * - `coalesce`: the new message is merged into the newest waiting one where the behaviour can;
 *   else as `reject`
 * - `credit`: the producer holds a credit per message, so a full lane is its bug: refused
 */
export type OverflowPolicy = "reject" | "dropOldest" | "coalesce" | "credit";

export type LaneLimit = {
  readonly policy: OverflowPolicy;
  readonly countMax: number;
  readonly bytesMax: number;
};

export type LaneLimits = Readonly<Record<Lane, LaneLimit>>;

/** In the order in which they are served. */
export const laneOrder: readonly Lane[] = ["system", "intents", "transcripts", "tts", "audio"];

const unbounded = Number.POSITIVE_INFINITY;

/**
 * `system` is never refused: what it carries (stop, `Down`, timers, replies) is bounded by what
 * its senders may have outstanding. Audio: 100 frames of 20 ms are 2 s, at 48 kHz PCM16 192 kB.
 */
export const defaultLaneLimits: LaneLimits = {
  system: { policy: "reject", countMax: unbounded, bytesMax: unbounded },
  intents: { policy: "reject", countMax: 256, bytesMax: 256 * 1024 },
  transcripts: { policy: "coalesce", countMax: 64, bytesMax: 64 * 1024 },
  tts: { policy: "credit", countMax: 64, bytesMax: 1024 * 1024 },
  audio: { policy: "dropOldest", countMax: 100, bytesMax: 256 * 1024 },
};
