/**
 * Whether one more call is taken, by what was measured: how late frames are, how long the loops of
 * the threads were held up, how full the rings between them are, and how many recognisers are out.
 * CPU % does not count: a busy machine that is on time may well take more. Pure: the caller passes
 * the time and the samples.
 *
 *            a reading over half its limit          over the limit, twice in a row or by far
 *    free ─────────────────────────────► strained ───────────────────────────► overloaded
 *      ▲ newcomers: a quarter of the calls  few newcomers                nobody │
 *      └───────────────────────────────────┴──────── `recoverySamples` good ones ┘
 *
 * A call that was just taken has not shown yet what it costs, so only so many are taken before the
 * next look at them.
 */
import { EngineError } from "../../base/errors.js";
import type { HealthReport } from "../engine-node.js";

/** What one period of measurement saw. */
export type LoadSample = {
  /** Frames that came in or went out. */
  readonly frames: number;
  /** Those of them that took longer than `lateFrameMs`. */
  readonly lateFrames: number;
  /** Longest that the loop of any thread was held up. */
  readonly loopLagMs: number;
  /** Fullest ring between two threads: 0 to 1. */
  readonly ringFill: number;
  /** Decoders that are lent out, of those there are; undefined where none are lent. */
  readonly leases?: { readonly inUse: number; readonly total: number } | undefined;
};

/** Why no call is taken now, and when to ask again. */
export type Refused = { readonly why: string; readonly retryAfterSeconds: number };

/** A frame that takes longer, in or out, is late: the target at p99.9. */
export const lateFrameMs = 20;

export type AdmissionLimits = {
  readonly lateShareMax: number;
  readonly loopLagMsMax: number;
  readonly ringFillMax: number;
  readonly leaseShareMax: number;
  /** With fewer live calls it is not the calls that make the machine late. */
  readonly callsMin: number;
  /** A reading so many times over its limit need not be confirmed by a second one. */
  readonly byFar: number;
  /** Good samples in a row after which an overloaded engine takes calls again. */
  readonly recoverySamples: number;
  /** A call is a newcomer for so long. */
  readonly settleMs: number;
  /** Newcomers, as a share of the live calls: free and strained; and how many always may be. */
  readonly newcomerShare: number;
  readonly newcomersMin: number;
  readonly strainedShare: number;
  readonly strainedMin: number;
};

export const admissionLimits: AdmissionLimits = {
  lateShareMax: 0.002,
  loopLagMsMax: 60,
  ringFillMax: 0.5,
  leaseShareMax: 0.9,
  callsMin: 32,
  byFar: 10,
  recoverySamples: 6,
  // A call shows what it costs when its callee has answered for the first time.
  settleMs: 3000,
  newcomerShare: 0.25,
  newcomersMin: 120,
  strainedShare: 0.05,
  strainedMin: 10,
};

/** One reading against its limit, both in words. */
type Reading = { readonly ratio: number; readonly words: string };
type Level = "free" | "strained" | "overloaded";

const overloadRetrySeconds = 5;

export class Admission {
  readonly #limits: AdmissionLimits;
  /** When the newcomers were taken, oldest first. */
  #takenMs: number[] = [];
  #level: Level = "free";
  #worst: Reading = { ratio: 0, words: "" };
  #wasOver = false;
  #goodSamples = 0;

  constructor(limits: AdmissionLimits = admissionLimits) {
    this.#limits = limits;
  }

  /** Takes what the last period saw. */
  measured(sample: LoadSample): void {
    const { byFar, recoverySamples } = this.#limits;
    const worst = worstOf(sample, this.#limits);
    const isOver = worst.ratio >= 1;
    this.#goodSamples = isOver ? 0 : this.#goodSamples + 1;
    const isConfirmed = (isOver && this.#wasOver) || worst.ratio >= byFar;
    this.#wasOver = isOver;
    if (isConfirmed) this.#level = "overloaded";
    else if (this.#level !== "overloaded" || this.#goodSamples >= recoverySamples) {
      this.#level = worst.ratio >= 0.5 ? "strained" : "free";
    }
    if (isOver || this.#level !== "overloaded") this.#worst = worst;
  }

  /**
   * Whether a call may be taken now.
   *
   * @returns undefined when it may
   */
  judge(nowMs: number, liveCalls: number): Refused | undefined {
    const limits = this.#limits;
    const { settleMs, newcomerShare, newcomersMin, strainedShare, strainedMin } = limits;
    if (liveCalls < limits.callsMin) return undefined;
    if (this.#level === "overloaded") {
      return { why: this.#worst.words, retryAfterSeconds: overloadRetrySeconds };
    }
    const isFree = this.#level === "free";
    const most = isFree
      ? Math.max(newcomersMin, liveCalls * newcomerShare)
      : Math.max(strainedMin, liveCalls * strainedShare);
    this.#takenMs = this.#takenMs.filter((atMs) => nowMs - atMs < settleMs);
    if (this.#takenMs.length < Math.floor(most)) return undefined;
    const settling = `${this.#takenMs.length} calls were taken in the last ${settleMs} ms`;
    const why = isFree ? settling : `${settling} and ${this.#worst.words}`;
    return { why, retryAfterSeconds: Math.ceil(settleMs / 1000) };
  }

  /** A call was taken. */
  taken(nowMs: number): void {
    this.#takenMs.push(nowMs);
  }

  /** Why nobody is taken at all, for the health report; undefined while calls are taken. */
  get overload(): string | undefined {
    return this.#level === "overloaded" ? this.#worst.words : undefined;
  }
}

/** The reading that lies furthest over, or nearest to, its limit. */
function worstOf(sample: LoadSample, limits: AdmissionLimits): Reading {
  const { lateShareMax, loopLagMsMax, ringFillMax, leaseShareMax } = limits;
  const { frames, lateFrames, loopLagMs, ringFill, leases } = sample;
  const lateShare = frames === 0 ? 0 : lateFrames / frames;
  const readings: Reading[] = [
    {
      ratio: lateShare / lateShareMax,
      words:
        `${percent(lateShare)} of the frames took over ${lateFrameMs} ms, ` +
        `${percent(lateShareMax)} is the limit`,
    },
    {
      ratio: loopLagMs / loopLagMsMax,
      words: `a thread was held up for ${Math.round(loopLagMs)} ms, ${loopLagMsMax} is the limit`,
    },
    {
      ratio: ringFill / ringFillMax,
      words: `a ring is ${percent(ringFill)} full, ${percent(ringFillMax)} is the limit`,
    },
  ];
  if (leases !== undefined && leases.total > 0) {
    const { inUse, total } = leases;
    const words = `${inUse} of ${total} recognisers are in use, ${percent(leaseShareMax)} is the limit`;
    readings.push({ ratio: inUse / total / leaseShareMax, words });
  }
  return readings.reduce((worst, one) => (one.ratio > worst.ratio ? one : worst));
}

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;

/**
 * The refusal of a call, for whoever asked for it.
 *
 * @param load what the measured load, or a trunk, speaks against it, where that is the reason
 */
export function admissionError(health: HealthReport, load: Refused | undefined): EngineError {
  const { callsMax, liveCalls, notes } = health;
  const other = liveCalls >= callsMax ? `all ${callsMax} call slots are taken` : notes.join("; ");
  const { why, retryAfterSeconds } = load ?? { why: other, retryAfterSeconds: 5 };
  const detail = { callsMax, liveCalls, retryAfterSeconds };
  return new EngineError("ADMISSION_REFUSED", `no new call now: ${why}`, detail);
}
