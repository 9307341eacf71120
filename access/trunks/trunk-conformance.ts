/**
 * What every trunk must do, as a list of cases that need no test framework. A case dials callees of
 * the trunk's own network, real or simulated; where a network has no such callee, or cannot do
 * something, the case says that it is not for it.
 */
import assert from "node:assert/strict";
import type { EngineError } from "../../base/errors.js";
import type { Time } from "../../base/ports.js";
import { limitTrunk } from "./limited-trunk.js";
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
const waitMsMax = 20_000;

/** An attempt and all that it told. */
class Dialled {
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
async function nothingLeft(harness: TrunkHarness): Promise<void> {
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
async function somethingAt(harness: TrunkHarness): Promise<void> {
  while ((await harness.leftOvers()).length === 0) {
    await new Promise<void>((resolve) => harness.time.after(20, resolve));
  }
}

/** A case about an outcome that needs nothing but a callee. */
function ends(kind: CalleeKind, outcome: TrunkOutcome): TrunkCase {
  return {
    name: `a callee who is "${kind}" ends as ${outcome}, with the network's own cause`,
    isFor: ({ callees }) => callees[kind] !== undefined,
    async run(harness) {
      const ringMsMax = kind === "silent" ? 1000 : 10_000;
      const dialled = new Dialled(harness, harness.callees[kind]!, { ringMsMax });
      assert.equal((await dialled.ended()).outcome, outcome);
      assert.doesNotMatch(dialled.kinds, /answered/);
      await nothingLeft(harness);
    },
  };
}

async function answered(harness: TrunkHarness): Promise<Dialled> {
  const dialled = new Dialled(harness, harness.callees.answers!);
  await dialled.when("answered");
  return dialled;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as EngineError).code;
  }
  return "none";
}

const always = (): boolean => true;

const endings: readonly TrunkCase[] = [
  ends("busy", "busy"),
  ends("rejects", "rejected"),
  ends("unknown", "invalid_number"),
  ends("congested", "congestion"),
  ends("silent", "no_answer"),
  {
    name: "an answered callee is told once; we hang up, twice, and it ends once, as answered",
    isFor: always,
    async run(harness) {
      const dialled = await answered(harness);
      assert.equal(harness.trunk.health().attempts, 1);
      dialled.attempt.hangup();
      dialled.attempt.hangup();
      assert.equal((await dialled.ended()).outcome, "answered");
      dialled.attempt.hangup();
      assert.match(dialled.kinds, /^(ringing )?(earlyMedia )?answered ended$/);
      await nothingLeft(harness);
    },
  },
  {
    name: "a callee who hangs up ends the attempt, as answered",
    isFor: always,
    async run(harness) {
      const dialled = await answered(harness);
      await harness.calleeHangsUp(dialled.callId);
      assert.equal((await dialled.ended()).outcome, "answered");
      await nothingLeft(harness);
    },
  },
  {
    name: "early media is told before the answer, and is none",
    isFor: ({ callees }) => callees.early !== undefined,
    async run(harness) {
      const dialled = new Dialled(harness, harness.callees.early!);
      await dialled.when("answered");
      assert.match(dialled.kinds, /^(ringing )?earlyMedia (ringing )?answered$/);
      dialled.attempt.hangup();
      await dialled.ended();
      await nothingLeft(harness);
    },
  },
];

const interventions: readonly TrunkCase[] = [
  {
    name: "stops ringing when told to, as cancelled",
    isFor: ({ callees }) => callees.silent !== undefined,
    async run(harness) {
      const dialled = new Dialled(harness, harness.callees.silent!);
      if (harness.isRingingSecret === true) await somethingAt(harness);
      else await dialled.when("ringing");
      dialled.attempt.hangup();
      assert.equal((await dialled.ended()).outcome, "cancelled");
      await nothingLeft(harness);
    },
  },
  {
    name: "hung up at once, before the network has said a word, nobody is left ringing",
    isFor: ({ callees }) => callees.silent !== undefined,
    async run(harness) {
      const dialled = new Dialled(harness, harness.callees.silent!);
      dialled.attempt.hangup();
      assert.equal((await dialled.ended()).outcome, "cancelled");
      await nothingLeft(harness);
    },
  },
  {
    name: "a call id that is in use is refused, and its call is left alone",
    isFor: always,
    async run(harness) {
      const first = await answered(harness);
      const second = new Dialled(harness, harness.callees.answers!, { callId: first.callId });
      assert.equal((await second.ended()).outcome, "failed");
      assert.doesNotMatch(first.kinds, /ended/);
      first.attempt.hangup();
      await first.ended();
      await nothingLeft(harness);
    },
  },
  {
    name: "a number that would say more than a number is refused",
    isFor: always,
    async run(harness) {
      const hostile = ["", "1&2", "1,2", "1 2", "1\n\nexit", "{a=b}1", "1}2", "x".repeat(200)];
      for (const to of hostile) {
        const { outcome } = await new Dialled(harness, to).ended();
        assert.equal(outcome, "invalid_number", JSON.stringify(to));
      }
      await nothingLeft(harness);
    },
  },
  {
    name: "sends keys to the callee, or says that it cannot; other characters are no keys",
    isFor: always,
    async run(harness) {
      const dialled = await answered(harness);
      const { attempt, callId } = dialled;
      if (harness.keysOf === undefined) {
        assert.equal(await codeOf(attempt.sendDtmf("1")), "TRUNK_UNSUPPORTED");
      } else {
        await attempt.sendDtmf("12#");
        const until = harness.time.nowMs() + waitMsMax;
        while ((await harness.keysOf(callId)) !== "12#" && harness.time.nowMs() < until) {
          await new Promise<void>((resolve) => harness.time.after(50, resolve));
        }
        assert.equal(await harness.keysOf(callId), "12#");
        assert.equal(await codeOf(attempt.sendDtmf("1\n2")), "TRUNK_REQUEST");
      }
      attempt.hangup();
      await dialled.ended();
      await nothingLeft(harness);
    },
  },
];

const transfers: readonly TrunkCase[] = [
  {
    name: "a transferred callee is told once, and ends when the callee hangs up",
    isFor: ({ transfer }) => transfer !== undefined,
    async run(harness) {
      const dialled = await answered(harness);
      await dialled.when("answered");
      await ready(harness, () => dialled.attempt.transfer(harness.transfer!.answers));
      await dialled.when("transferred");
      assert.doesNotMatch(dialled.kinds, /ended/);
      await harness.calleeHangsUp(dialled.callId);
      assert.equal((await dialled.ended()).outcome, "answered");
      await nothingLeft(harness);
    },
  },
  {
    name: "a transfer that does not come about leaves the callee ours",
    isFor: ({ transfer }) => transfer !== undefined,
    async run(harness) {
      const dialled = await answered(harness);
      const code = await codeOf(
        ready(harness, () => dialled.attempt.transfer(harness.transfer!.fails)),
      );
      assert.equal(code, "TRUNK_TRANSFER");
      assert.doesNotMatch(dialled.kinds, /ended|transferred/);
      dialled.attempt.hangup();
      await dialled.ended();
      await nothingLeft(harness);
    },
  },
  {
    name: "says that it cannot transfer, where it cannot",
    isFor: ({ transfer }) => transfer === undefined,
    async run(harness) {
      const dialled = await answered(harness);
      assert.equal(await codeOf(dialled.attempt.transfer("2")), "TRUNK_UNSUPPORTED");
      dialled.attempt.hangup();
      await dialled.ended();
      await nothingLeft(harness);
    },
  },
];

/** A callee can be handed on once its media is connected, which takes a moment after the answer. */
async function ready(harness: TrunkHarness, transfer: () => Promise<void>): Promise<void> {
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

const crowds: readonly TrunkCase[] = [
  {
    name: "many at once end each with their own outcome",
    isFor: ({ callees }) => callees.busy !== undefined && callees.rejects !== undefined,
    async run(harness) {
      const { busy, rejects } = harness.callees;
      const all = Array.from({ length: 10 }, (_, index) =>
        new Dialled(harness, index % 2 === 0 ? busy! : rejects!).ended(),
      );
      const outcomes = (await Promise.all(all)).map(({ outcome }) => outcome);
      assert.deepEqual(
        outcomes,
        outcomes.map((_, index) => (index % 2 === 0 ? "busy" : "rejected")),
      );
      await nothingLeft(harness);
    },
  },
  {
    name: "within limits, a call beyond the lines is refused before it is dialled, and lines come back",
    isFor: always,
    async run(harness) {
      const trunk = limitTrunk(harness.trunk, { attemptsMax: 1 }, harness.time);
      const first = new Dialled(harness, harness.callees.answers!, { trunk });
      const second = new Dialled(harness, harness.callees.answers!, { trunk });
      const { outcome, cause } = await second.ended();
      assert.equal(outcome, "congestion");
      assert.match(cause, /^not dialled: all 1 lines of trunk/);
      assert.equal(second.kinds, "ended");
      assert.match(trunk.reserve!("other")!.why, /all 1 lines/);
      await first.when("answered");
      first.attempt.hangup();
      await first.ended();
      assert.equal(trunk.reserve!("other"), undefined);
      await nothingLeft(harness);
    },
  },
  {
    name: "stopped, it hangs everybody up and dials nobody; started again, it dials",
    isFor: always,
    async run(harness) {
      const dialled = await answered(harness);
      await harness.trunk.stop();
      await dialled.ended();
      const refused = new Dialled(harness, harness.callees.answers!);
      assert.equal((await refused.ended()).outcome, "failed");
      await harness.trunk.start();
      assert.equal(harness.trunk.health().isUp, true);
      const again = await answered(harness);
      again.attempt.hangup();
      await again.ended();
      await nothingLeft(harness);
    },
  },
];

/** All cases; the last one stops the trunk and starts it again. */
export const trunkConformance: readonly TrunkCase[] = [
  ...endings,
  ...interventions,
  ...transfers,
  ...crowds,
];
