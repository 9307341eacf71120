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
  /** Milliseconds of the whole simulation. */
  | "shardStall"
  | "gatewayStall"
  | "clockJump";

export type Fault = {
  /** Unique in its run: `<call>.<number>`, or `w.<number>` for those of the whole world. */
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
  [(rng) => draft(rng, "command", rng.int(0, 40), "delay", [1, 3], [5, 50]), 2],
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
  [(rng) => draft(rng, "callerHangup", rng.int(0, 45_000), "hangup"), 3],
  [(rng) => draft(rng, "nodeHangup", rng.int(0, 45_000), "hangup"), 1],
];

const frameModes = ["drop", "delay", "repeat", "truncate", "reorder"];
const noticeModes = ["drop", "delay", "delay", "repeat", "repeat", "reorder"];
const outModes = ["drop", "stall"];
const markModes = ["drop", "delay", "repeat"];
const asrModes = ["busy", "lost", "broken", "never", "late", "wrong", "rejected", "throws"];
const ttsModes = ["fail", "hang", "slow"];
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

/** Faults of the threads, over a run of `durationMs`. */
export function worldFaults(seed: number, durationMs: number): Fault[] {
  const rng = seededRng(seed, 0x3017d);
  const count = Math.ceil(durationMs / 15_000);
  return Array.from({ length: count }, (_, index) => {
    const at = rng.int(0, durationMs);
    const make = rng.weighted<() => Draft>([
      [() => draft(rng, "shardStall", at, "stall", [1, 1], [20, 900]), 3],
      [() => draft(rng, "gatewayStall", at, "stall", [1, 1], [5, 60]), 2],
      [() => draft(rng, "clockJump", at, "jump", [1, 1], [-3_600_000, 3_600_000]), 1],
    ]);
    return { ...make(), id: `w.${index}` };
  });
}

function kill(rng: SeededRng): Draft {
  const role = rng.pick(roles);
  // Most lives are in their beginnings: half of the kills fall there.
  const last = rng.chance(0.5) ? Math.ceil(messagesOf[role]! / 6) : messagesOf[role]!;
  const mode = rng.pick(["before", "after"]);
  return { ...draft(rng, "kill", rng.int(0, last), mode), role };
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

/** The faults of one call at work: each place counts what passes and asks whether it is struck. */
export class FaultDesk {
  readonly all: readonly Fault[];
  readonly struck = new Set<string>();
  readonly #passed = new Map<string, number>();
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

  /** Whether a notice was lost or came out of its place: the call may wait to its limit. */
  get hasLostNotice(): boolean {
    return this.all.some(
      (one) => one.site === "notice" && one.mode !== "delay" && this.struck.has(one.id),
    );
  }
}
