/** What the suite of all trunks is made of: a trunk's network as it sees it, and calls on it. */
import assert from "node:assert/strict";
import type { EngineError } from "../../base/errors.js";
import type { Time } from "../../base/ports.js";
import type { Trunk, TrunkAttempt, TrunkEvent, TrunkOutcome } from "./trunk.js";

/** How a callee behaves. */
export type CalleeKind =
  /** Rings, answers, stays. */
  | "answers"
  /** Something is played before it answers. */
  | "early"
  | "busy"
  | "rejects"
  | "unknown"
  | "congested"
  /** Rings and never answers. */
  | "silent";

/** What the suite needs to know of a trunk. */
export type TrunkHarness = {
  /** Started. */
  readonly trunk: Trunk;
  readonly time: Time;
  /** Numbers; left out: the network has none of the kind. */
  readonly callees: Readonly<Partial<Record<CalleeKind, string>>>;
  readonly mediaUrl: string;
  readonly token: string;
  /** Hangs up at the callee's end. */
  calleeHangsUp(callId: string): Promise<void>;
  /** The network does not say that a callee's phone rings. */
  readonly isRingingSecret?: boolean;
  /** What the network still has of our calls. */
  leftOvers(): Promise<readonly string[]>;
  /** Keys that came to the callee of a call; left out: the trunk cannot send any. */
  keysOf?(callId: string): Promise<string>;
  /** Numbers for a transfer: one that answers, one that does not. Left out: it cannot transfer. */
  readonly transfer?: { readonly answers: string; readonly fails: string };
};

/** One rule and the run that tries to break it; throws when it is broken. */
export type TrunkCase = {
  readonly name: string;
  readonly isFor: (harness: TrunkHarness) => boolean;
  readonly run: (harness: TrunkHarness) => Promise<void>;
};

let calls = 0;
export const waitMsMax = 20_000;

/** An attempt and all that it told. */
export class Dialled {
  readonly callId = `conformance-${(calls += 1)}`;
  readonly seen: TrunkEvent[] = [];
  readonly attempt: TrunkAttempt;
  readonly #waiting = new Map<TrunkEvent["kind"], () => void>();
  readonly #time: Time;

  constructor(
    harness: TrunkHarness,
    to: string,
    options: { readonly callId?: string; readonly ringMsMax?: number; readonly trunk?: Trunk } = {},
  ) {
    const { mediaUrl, token, time } = harness;
    const { callId = this.callId, ringMsMax = 10_000, trunk = harness.trunk } = options;
    this.#time = time;
    this.callId = callId;
    let isReturned = false;
    const request = { callId, to, mediaUrl, token, ringMsMax };
    this.attempt = trunk.originate(request, (event) => {
      if (!isReturned) assert.fail("an event came before originate had returned");
      this.seen.push(event);
      this.#waiting.get(event.kind)?.();
    });
    isReturned = true;
  }

  get kinds(): string {
    return this.seen.map(({ kind }) => kind).join(" ");
  }

  /** Resolves when it was told. */
  async when(kind: TrunkEvent["kind"]): Promise<void> {
    if (this.seen.some((event) => event.kind === kind)) return;
    const told = new Promise<void>((resolve) => this.#waiting.set(kind, resolve));
    let timer: { cancel(): void } | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const error = new Error(`no ${kind} within ${waitMsMax} ms, only: ${this.kinds}`);
      timer = this.#time.after(waitMsMax, () => reject(error));
    });
    await Promise.race([told, late]).finally(() => timer?.cancel());
  }

  async ended(): Promise<{ readonly outcome: TrunkOutcome; readonly cause: string }> {
    await this.when("ended");
    const last = this.seen.at(-1)!;
    assert.equal(last.kind, "ended", "nothing comes after the end");
    assert.ok(last.kind === "ended" && last.cause !== "", "the end has a cause in words");
    return last;
  }
}

/** The network and the trunk have nothing left of any call. */
export async function nothingLeft(harness: TrunkHarness): Promise<void> {
  const until = harness.time.nowMs() + waitMsMax;
  for (;;) {
    const left = await harness.leftOvers();
    if (left.length === 0) break;
    if (harness.time.nowMs() > until) assert.fail(`left at the network: ${left.join(", ")}`);
    await new Promise<void>((resolve) => harness.time.after(20, resolve));
  }
  assert.equal(harness.trunk.health().attempts, 0);
}

/** The network has taken a call. */
export async function somethingAt(harness: TrunkHarness): Promise<void> {
  while ((await harness.leftOvers()).length === 0) {
    await new Promise<void>((resolve) => harness.time.after(20, resolve));
  }
}

/** A call to a callee who has answered. */
export async function answered(harness: TrunkHarness): Promise<Dialled> {
  const dialled = new Dialled(harness, harness.callees.answers!);
  await dialled.when("answered");
  return dialled;
}

/** With which code a promise is refused; `none` where it is not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as EngineError).code;
  }
  return "none";
}

/** A callee can be handed on once its media is connected, which takes a moment after the answer. */
export async function ready(harness: TrunkHarness, transfer: () => Promise<void>): Promise<void> {
  const until = harness.time.nowMs() + 5000;
  for (;;) {
    try {
      return await transfer();
    } catch (error) {
      const isEarly = /not connected yet/.test((error as Error).message);
      if (!isEarly || harness.time.nowMs() > until) throw error;
    }
    await new Promise<void>((resolve) => harness.time.after(20, resolve));
  }
}
