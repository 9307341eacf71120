/** What mailboxes say about themselves: per lane, per actor, and summed over a system. */
import { laneOrder, type Lane } from "./lanes.js";

/** Depth, age and losses of one lane. */
export type LaneMetrics = {
  readonly depth: number;
  readonly bytes: number;
  /** How long the oldest waiting message has waited; 0 when the lane is empty. */
  readonly oldestAgeMs: number;
  /** Messages so far: turned away, pushed out by newer ones, merged into the waiting one. */
  readonly refused: number;
  readonly dropped: number;
  readonly merged: number;
};

/** One life of an actor. Lanes that never held a message are absent. */
export type ActorMetrics = {
  readonly path: string;
  readonly incarnation: number;
  /** Messages handled so far. */
  readonly handled: number;
  readonly lanes: Readonly<Partial<Record<Lane, LaneMetrics>>>;
};

/**
 * A whole system: `handled`, `refused`, `dropped` and `merged` count since its start, actors that
 * have ended included; `depth` and `bytes` add up who lives, `oldestAgeMs` is the worst of them.
 */
export type SystemMetrics = {
  readonly actors: number;
  readonly handled: number;
  readonly lanes: Readonly<Record<Lane, LaneMetrics>>;
};

const empty: LaneMetrics = {
  depth: 0,
  bytes: 0,
  oldestAgeMs: 0,
  refused: 0,
  dropped: 0,
  merged: 0,
};

/** A system without actors. */
export const emptySystemMetrics: SystemMetrics = {
  actors: 0,
  handled: 0,
  lanes: { system: empty, intents: empty, transcripts: empty, tts: empty, audio: empty },
};

/** The sum with one more living actor. */
export function addActor(sum: SystemMetrics, actor: ActorMetrics): SystemMetrics {
  const lanes = { ...sum.lanes };
  for (const lane of laneOrder) {
    const added = actor.lanes[lane];
    if (added !== undefined) lanes[lane] = addLane(lanes[lane], added);
  }
  return { actors: sum.actors + 1, handled: sum.handled + actor.handled, lanes };
}

/** The sum with one more actor that has ended: only what it counted stays. */
export function addEnded(sum: SystemMetrics, actor: ActorMetrics): SystemMetrics {
  return { ...addActor(sum, actor), actors: sum.actors };
}

function addLane(sum: LaneMetrics, lane: LaneMetrics): LaneMetrics {
  return {
    depth: sum.depth + lane.depth,
    bytes: sum.bytes + lane.bytes,
    oldestAgeMs: Math.max(sum.oldestAgeMs, lane.oldestAgeMs),
    refused: sum.refused + lane.refused,
    dropped: sum.dropped + lane.dropped,
    merged: sum.merged + lane.merged,
  };
}
