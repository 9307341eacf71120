/**
 * The trunk: dials, and tells what happens, as a telephone network does: busy, no answer, nothing
 * at all, too late, twice, or after everybody has hung up.
 */
import type {
  OriginateRequest,
  Trunk,
  TrunkAttempt,
  TrunkEvent,
  TrunkOutcome,
} from "../../access/trunks/trunk.js";
import type { FaultDesk } from "./fault-plan.js";
import type { SeededRng } from "./seeded-rng.js";
import type { SimLoop } from "./sim-loop.js";
import type { ThreadTime } from "./sim-loop.js";

/** What the callee does about the ringing. */
export type Fate =
  "answers" | "busy" | "rejected" | "unreachable" | "noAnswer" | "noMedia" | "nothing";

export function fateOf(rng: SeededRng): Fate {
  return rng.weighted([
    ["answers", 88],
    ["busy", 3],
    ["rejected", 1],
    ["unreachable", 1],
    ["noAnswer", 3],
    ["noMedia", 2],
    ["nothing", 1],
  ]);
}

export type AttemptOptions = {
  readonly loop: SimLoop;
  /** Events are told on the node's thread. */
  readonly nodeTime: ThreadTime;
  readonly rng: SeededRng;
  readonly faults: FaultDesk;
  readonly fate: Fate;
  readonly request: OriginateRequest;
  readonly tell: (event: TrunkEvent) => void;
  /** The callee picks up: the media stream is brought. */
  readonly answer: () => void;
  /** The network takes the line away. */
  readonly cut: () => void;
};

const causes: Readonly<Record<Fate, readonly [TrunkOutcome, string]>> = {
  answers: ["answered", "SIP 200"],
  busy: ["busy", "SIP 486"],
  rejected: ["rejected", "SIP 603"],
  unreachable: ["unreachable", "SIP 503"],
  noAnswer: ["no_answer", "SIP 480"],
  noMedia: ["media_mismatch", "SIP 488"],
  nothing: ["unknown", "none"],
};

export class SimAttempt implements TrunkAttempt {
  readonly #options: AttemptOptions;
  readonly #mode: string | undefined;
  #isAnswered = false;
  #isOver = false;

  constructor(options: AttemptOptions) {
    this.#options = options;
    const fault = options.faults.find("trunk");
    this.#mode = fault?.mode;
    if (fault !== undefined) options.faults.strike(fault);
    this.#begin(fault?.durationMs ?? 0);
  }

  transfer(): Promise<void> {
    return Promise.reject(new Error("simulated: not here"));
  }

  sendDtmf(): Promise<void> {
    return Promise.reject(new Error("simulated: not here"));
  }

  hangup(): void {
    if (this.#mode === "deafToHangup") return;
    this.#later(20, () => this.#end("cancelled"));
  }

  /** The line is gone: the callee hung up, or we did. */
  lineClosed(): void {
    this.#later(15, () => this.#end("answered"));
  }

  #begin(faultMs: number): void {
    const { fate, rng, request } = this.#options;
    this.#later(rng.int(5, 100), () => this.#tell({ kind: "ringing" }));
    const inMs = rng.int(20, 900);
    switch (fate) {
      case "nothing":
        return;
      case "noAnswer":
        return this.#later(request.ringMsMax, () => this.#end("no_answer"));
      case "answers":
      case "noMedia":
        this.#later(this.#mode === "lateAnswer" ? 4000 + faultMs : inMs, () => this.#answer());
        if (this.#mode === "endsEarly") this.#later(inMs + faultMs, () => this.#drop());
        return;
      default:
        return this.#later(inMs, () => this.#end(causes[fate][0]));
    }
  }

  #answer(): void {
    if (this.#isOver) return;
    this.#isAnswered = true;
    const { rng, loop, fate, answer } = this.#options;
    const isMediaFirst = rng.chance(0.3);
    if (!isMediaFirst) this.#tell({ kind: "answered" });
    if (fate === "answers") loop.world.after(rng.int(0, 300), answer);
    if (isMediaFirst) this.#later(400, () => this.#tell({ kind: "answered" }));
  }

  /** The network says that it is over, and the media stream ends a little later. */
  #drop(): void {
    this.#end("answered");
    this.#options.loop.world.after(300, this.#options.cut);
  }

  #end(outcome: TrunkOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const cause = causes[this.#options.fate][1];
    const ended = { kind: "ended", outcome, cause } as const;
    this.#options.tell(ended);
    if (this.#mode === "endedTwice") this.#later(30, () => this.#options.tell(ended));
    if (this.#mode === "lateEvents" && !this.#isAnswered) {
      this.#later(30, () => this.#options.tell({ kind: "ringing" }));
      this.#later(60, () => this.#options.tell({ kind: "answered" }));
    }
  }

  #tell(event: TrunkEvent): void {
    if (!this.#isOver) this.#options.tell(event);
  }

  #later(delayMs: number, run: () => void): void {
    const { loop, nodeTime } = this.#options;
    loop.world.after(delayMs, () => nodeTime.soon(run));
  }
}

/** @param dial finds the call and makes the attempt */
export function simTrunk(dial: Trunk["originate"]): Trunk {
  return {
    name: "simulated",
    originate: dial,
    health: () => ({ isUp: true, attempts: 0 }),
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}
