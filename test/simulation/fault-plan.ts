/**
 * What goes wrong, decided before a call begins: each fault names a place and the how-manieth time
 * that place is passed. So a fault can be taken away without moving the others, which is what makes
 * a failing seed shrink.
 */
import { seededRng, type SeededRng } from "./seeded-rng.js";

/** Where a fault strikes; `at` counts what passes there, from 0. */
export type FaultSite =
  /** 20 ms of the callee's audio on the way to the shard. `at`: media time in frames. */
  | "frameIn"
  /** A notice of the gateway on the way to the shard. */
  | "notice"
  /** A command of the shard on the way to the gateway. */
  | "command"
  /** A command of the node about the call, to the gateway or a shard. */
  | "nodeCommand"
  /** A frame of ours on the way to the ear. */
  | "frameOut"
  /** A mark on its way back. */
  | "mark"
  /** A stream of the recogniser. */
  | "asr"
  /** A sentence to be synthesized. */
  | "tts"
  /** A recorded chunk; the question how many there are. */
  | "store"
  | "cursor"
  /** A message that an actor handles, or the start of a life. `role` says whose. */
  | "kill"
  | "killStart"
  /** Milliseconds after the answer. */
  | "callerHangup"
  | "nodeHangup"
  /** What becomes of the attempt to reach the callee. */
  | "trunk"
  /** Milliseconds after the answer: the callee's connection. */
  | "socket"
  /**
   * As `kill`, but the whole thread dies, on every shard that has the call: `count` of them. Mode
   * `turn`: while the actor has its turn; `later`: soon after, when nothing points at the call.
   */
  | "poison"
  /** Milliseconds of the world: threads, the store, clocks. `role` names a thread. */
  | "threadStall"
  | "threadLost"
  | "allShardsLost"
  | "startFails"
  | "slowWay"
  | "storeMood"
  | "processLost"
  | "clockJump";

export type Fault = {
  /** Unique in its run: `<call>.<number>`, or `w<world>.<number>` for those of a whole world. */
  readonly id: string;
  readonly site: FaultSite;
  readonly at: number;
  /** What happens there; each site knows its own. */
  readonly mode: string;
  readonly role?: string;
  /** How many in a row. */
  readonly count: number;
  readonly durationMs: number;
};

type Draft = Omit<Fault, "id">;

const roles = ["mediaLeg", "dialog", "recognizer", "synthesizer", "recorder"] as const;
/** About how many messages each of the cast handles in a call. */
const messagesOf: Readonly<Record<string, number>> = {
  mediaLeg: 800,
  dialog: 60,
  recognizer: 200,
  synthesizer: 24,
  recorder: 800,
};

const drafts: readonly (readonly [(rng: SeededRng) => Draft, number])[] = [
  [(rng) => draft(rng, "frameIn", rng.int(0, 1500), pickMode(rng, frameModes), [1, 30]), 5],
  [(rng) => draft(rng, "frameIn", rng.int(0, 400), "burst", [100, 200]), 3],
  [(rng) => draft(rng, "notice", rng.int(0, 40), pickMode(rng, noticeModes), [1, 2]), 4],
  [(rng) => draft(rng, "command", rng.int(0, 40), pickMode(rng, commandModes), [1, 2], [5, 50]), 3],
  [(rng) => draft(rng, "nodeCommand", rng.int(0, 3), pickMode(rng, commandModes)), 2],
  [
    (rng) => draft(rng, "frameOut", rng.int(0, 1000), pickMode(rng, outModes), [1, 10], [20, 80]),
    3,
  ],
  [(rng) => draft(rng, "mark", rng.int(0, 10), pickMode(rng, markModes), [1, 3], [50, 900]), 3],
  [(rng) => draft(rng, "asr", rng.int(0, 6), pickMode(rng, asrModes), [1, 3]), 6],
  [(rng) => draft(rng, "tts", rng.int(0, 6), pickMode(rng, ttsModes), [1, 3], [1000, 9000]), 4],
  [(rng) => draft(rng, "store", rng.int(0, 20), pickMode(rng, storeModes), [1, 6], [500, 6000]), 3],
  [(rng) => draft(rng, "cursor", rng.int(0, 1), pickMode(rng, storeModes), [1, 1], [500, 6000]), 1],
  [kill, 8],
  [(rng) => ({ ...kill(rng), site: "killStart", at: rng.int(0, 2), count: rng.int(1, 2) }), 1],
  [(rng) => ({ ...kill(rng), mode: "before", count: rng.int(3, 9) }), 1],
  [(rng) => draft(rng, "trunk", 0, pickMode(rng, trunkModes), [1, 1], [10, 4000]), 3],
  [
    (rng) =>
      draft(rng, "socket", rng.int(0, 30_000), pickMode(rng, socketModes), [1, 1], [20, 700]),
    3,
  ],
  [poison, 0.2],
  [(rng) => draft(rng, "callerHangup", rng.int(0, 45_000), "hangup"), 3],
  [(rng) => draft(rng, "nodeHangup", rng.int(0, 45_000), "hangup"), 1],
];

const frameModes = ["drop", "delay", "repeat", "truncate", "reorder"];
const noticeModes = ["drop", "delay", "delay", "repeat", "repeat", "reorder"];
const commandModes = ["drop", "delay", "delay", "repeat", "repeat", "reorder"];
const outModes = ["drop", "stall"];
const markModes = ["drop", "delay", "repeat"];
const asrModes = [
  "busy",
  "lost",
  "broken",
  "never",
  "late",
  "wrong",
  "rejected",
  "throws",
  "garbage",
];
const ttsModes = ["fail", "hang", "slow", "garbage"];
const trunkModes = [
  "throws",
  "endedTwice",
  "lateEvents",
  "deafToHangup",
  "endsEarly",
  "lateAnswer",
];
const socketModes = ["cut", "cutUnnoticed", "hold", "nonsense", "wrongToken", "twoPhones"];
const storeModes = ["fail", "hang", "slow"];

/** The faults of one call; three calls in ten have none. */
export function callFaults(seed: number, callIndex: number): Fault[] {
  const rng = seededRng(seed, 0xfa17, callIndex);
  if (rng.chance(0.3)) return [];
  const count = rng.int(1, 5);
  return Array.from({ length: count }, (_, index) => ({
    ...rng.weighted(drafts)(rng),
    id: `${callIndex}.${index}`,
  }));
}

/** Faults of the threads, the store and the clocks of world number `world`. */
export function worldFaults(seed: number, world: number, durationMs: number): Fault[] {
  const rng = seededRng(seed, 0x3017d, world);
  if (rng.chance(0.15)) return [];
  const count = rng.int(1, 6);
  return Array.from({ length: count }, (_, index) => {
    const at = rng.int(0, durationMs);
    return { ...rng.weighted(worldDrafts)(rng, at), id: `w${world}.${index}` };
  });
}

type WorldDraft = (rng: SeededRng, at: number) => Draft;

const shards = ["shard-0", "shard-1"] as const;

const worldDrafts: readonly (readonly [WorldDraft, number])[] = [
  [(rng, at) => thread(rng, "threadLost", at, rng.pick(shards), [0, 0]), 5],
  [(rng, at) => thread(rng, "threadStall", at, rng.pick(shards), [20, 900]), 4],
  // Until the watchdog ends it.
  [(rng, at) => thread(rng, "threadStall", at, rng.pick(shards), [2000, 20_000]), 3],
  [(rng, at) => thread(rng, "threadStall", at, "gateway-0", [5, 60]), 2],
  [(rng, at) => thread(rng, "threadStall", at, "node", [20, 900]), 2],
  [(rng, at) => thread(rng, "threadStall", at, "store", [20, 4000]), 1],
  [(rng, at) => thread(rng, "threadLost", at, "gateway-0", [0, 0]), 0.7],
  [(rng, at) => draft(rng, "allShardsLost", at, "lost", [1, 1], [0, 300]), 1.5],
  [(rng, at) => draft(rng, "processLost", at, "killed", [1, 1], [300, 3000]), 0.8],
  [(rng, at) => thread(rng, "startFails", at, rng.pick(shards), [0, 0], rng.int(1, 2)), 1],
  [(rng, at) => thread(rng, "slowWay", at, rng.pick(threads), [5, 250]), 3],
  [(rng, at) => draft(rng, "storeMood", at, rng.pick(storeMoods), [1, 1], [500, 12_000]), 4],
  [(rng, at) => thread(rng, "clockJump", at, rng.pick(threads), [-3_600_000, 3_600_000]), 2],
];

const threads = ["shard-0", "shard-1", "gateway-0", "node", "store"] as const;
const storeMoods = ["slow", "locked", "failing", "silent"];

function thread(
  rng: SeededRng,
  site: FaultSite,
  at: number,
  role: string,
  msRange: readonly [number, number],
  count = 1,
): Draft {
  return { ...draft(rng, site, at, "thread", [1, 1], msRange), role, count };
}

function kill(rng: SeededRng): Draft {
  const role = rng.pick(roles);
  // Most lives are in their beginnings: half of the kills fall there.
  const last = rng.chance(0.5) ? Math.ceil(messagesOf[role]! / 6) : messagesOf[role]!;
  const mode = rng.pick(["before", "after"]);
  return { ...draft(rng, "kill", rng.int(0, last), mode), role };
}

/** Half of them kill a few shards, the others every one. */
function poison(rng: SeededRng): Draft {
  const count = rng.chance(0.5) ? rng.int(1, 3) : Infinity;
  const mode = rng.pick(["turn", "later"]);
  return { ...kill(rng), site: "poison", mode, count, durationMs: rng.int(1, 250) };
}

function draft(
  rng: SeededRng,
  site: FaultSite,
  at: number,
  mode: string,
  [countMin, countMax]: readonly [number, number] = [1, 1],
  [msMin, msMax]: readonly [number, number] = [5, 400],
): Draft {
  return { site, at, mode, count: rng.int(countMin, countMax), durationMs: rng.int(msMin, msMax) };
}

function pickMode(rng: SeededRng, modes: readonly string[]): string {
  return rng.pick(modes);
}

/** Ways on which nothing is repeated; commands of a shard are, until they are taken. */
const betweenThreads = new Set<FaultSite>(["notice", "nodeCommand"]);

/** The faults of one call at work: each place counts what passes and asks whether it is struck. */
export class FaultDesk {
  readonly all: readonly Fault[];
  readonly struck = new Set<string>();
  /** Lives of shards that its poison has ended. */
  readonly killed = new Set<string>();
  readonly #passed = new Map<string, number>();
  /** Lives that it has poisoned, also where the end has not come yet. */
  readonly #poisoned = new Set<string>();
  readonly #onStrike: (fault: Fault) => void;

  constructor(faults: readonly Fault[], onStrike: (fault: Fault) => void) {
    this.all = faults;
    this.#onStrike = onStrike;
  }

  /** Counts one passage and says what strikes it. */
  pass(site: FaultSite, role?: string): Fault | undefined {
    if (this.all.length === 0) return undefined;
    const key = role === undefined ? site : `${site} ${role}`;
    const index = this.#passed.get(key) ?? 0;
    this.#passed.set(key, index + 1);
    return this.at(site, index, role);
  }

  /** What kills the thread on which this message is handled: once on each shard. */
  passPoison(role: string, life: string): Fault | undefined {
    const fault = this.find("poison");
    if (fault?.role !== role || this.#poisoned.size >= fault.count) return undefined;
    if (this.#poisoned.has(life)) return undefined;
    const key = `poison ${life}`;
    const index = this.#passed.get(key) ?? 0;
    this.#passed.set(key, index + 1);
    // On the first shard after so many messages, on the next ones soon.
    if (index < (this.#poisoned.size === 0 ? fault.at : 3)) return undefined;
    this.#poisoned.add(life);
    this.strike(fault);
    return fault;
  }

  /** What strikes passage `index`. */
  at(site: FaultSite, index: number, role?: string): Fault | undefined {
    for (const fault of this.all) {
      if (fault.site !== site || fault.role !== role) continue;
      if (index < fault.at || index >= fault.at + fault.count) continue;
      this.strike(fault);
      return fault;
    }
    return undefined;
  }

  /** Whether any fault of that place lies in `[from, to)`; strikes nothing. */
  isNear(site: FaultSite, from: number, to: number): boolean {
    return this.all.some((one) => one.site === site && one.at < to && one.at + one.count > from);
  }

  /** The first fault of a place. */
  find(site: FaultSite): Fault | undefined {
    return this.all.find((one) => one.site === site);
  }

  /** Notes that a fault has struck; told once. */
  strike(fault: Fault): void {
    if (this.struck.has(fault.id)) return;
    this.struck.add(fault.id);
    this.#onStrike(fault);
  }

  /**
   * Whether a message between the threads was lost or came out of its place: the call may wait to
   * its limit, and may leave out what it should have said.
   */
  get hasLostMessage(): boolean {
    return this.all.some(
      (one) => betweenThreads.has(one.site) && one.mode !== "delay" && this.struck.has(one.id),
    );
  }
}
