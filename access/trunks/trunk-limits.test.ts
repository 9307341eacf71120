import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limitTrunk } from "./limited-trunk.js";
import { plainAttempt } from "./plain-attempt.js";
import type { Trunk, TrunkEvent } from "./trunk.js";
import { refusalOf, stillTaken, type TakenMs } from "./trunk-limits.js";

/** Attempts at these times, as far as the rate lets them: the times of those that were made. */
function made(wishesMs: readonly number[], attemptsPerSecond: number): number[] {
  const done: number[] = [];
  let takenMs: TakenMs = [];
  for (const nowMs of wishesMs) {
    takenMs = stillTaken(takenMs, nowMs, { attemptsPerSecond });
    const state = { takenMs, attempts: 0, nowMs };
    if (refusalOf("t", state, { attemptsPerSecond }) !== undefined) continue;
    takenMs = [...takenMs, nowMs];
    done.push(nowMs);
  }
  return done;
}

describe("the rate of a trunk", () => {
  test("no second, wherever it begins, has more attempts than allowed", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(300), { maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        (gapsMs, rate) => {
          let nowMs = 0;
          const done = made(
            gapsMs.map((gapMs) => (nowMs += gapMs)),
            rate,
          );
          for (const fromMs of done) {
            const within = done.filter((atMs) => atMs >= fromMs && atMs < fromMs + 1000);
            expect(within.length).toBeLessThanOrEqual(rate);
          }
        },
      ),
    );
  });

  test("one that asks as early as it was told is let through", () => {
    let takenMs: TakenMs = [];
    let nowMs = 100;
    for (let call = 0; call < 20; call += 1) {
      takenMs = stillTaken(takenMs, nowMs, { attemptsPerSecond: 3 });
      const state = { takenMs, attempts: 0, nowMs };
      nowMs += refusalOf("t", state, { attemptsPerSecond: 3 })?.retryAfterMs ?? 0;
      takenMs = stillTaken(takenMs, nowMs, { attemptsPerSecond: 3 });
      const later = { takenMs, attempts: 0, nowMs };
      expect(refusalOf("t", later, { attemptsPerSecond: 3 })).toBeUndefined();
      takenMs = [...takenMs, nowMs];
    }
  });

  test("half an attempt a second is one every two seconds", () => {
    expect(made([0, 1000, 1999, 2000, 3000, 4000], 0.5)).toEqual([0, 2000, 4000]);
  });
});

/** A network that dials nobody and ends attempts when told. */
function silentTrunk() {
  const listeners = new Map<string, (event: TrunkEvent) => void>();
  const trunk: Trunk = {
    name: "sip",
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    health: () => ({ isUp: true, attempts: listeners.size }),
    originate(request, listener) {
      listeners.set(request.callId, listener);
      return plainAttempt(() => undefined, "no");
    },
  };
  const end = (callId: string): void => {
    listeners.get(callId)?.({ kind: "ended", outcome: "busy", cause: "x" });
    listeners.delete(callId);
  };
  return { trunk, end, listeners };
}

describe("a limited trunk", () => {
  const time = { nowMs: () => 0, soon: (run: () => void) => queueMicrotask(run) };
  const dial = (trunk: Trunk, callId: string): Promise<TrunkEvent> =>
    new Promise((resolve) => {
      const request = { callId, to: "1", mediaUrl: "", token: "", ringMsMax: 1 };
      trunk.originate(request, resolve);
    });

  test("a reserved line is there for its call and for nobody else", async () => {
    const { trunk, listeners } = silentTrunk();
    const limited = limitTrunk(trunk, { attemptsMax: 1 }, time);
    expect(limited.reserve!("a")).toBeUndefined();
    expect(limited.reserve!("a")).toBeUndefined();
    expect(limited.reserve!("b")).toMatchObject({ why: "all 1 lines of trunk sip are taken" });
    expect(await dial(limited, "b")).toMatchObject({ outcome: "congestion" });
    void dial(limited, "a");
    expect([...listeners.keys()]).toEqual(["a"]);
    expect(limited.health()).toEqual({ isUp: true, attempts: 1, attemptsMax: 1 });
  });

  test("a line that is given back, or whose call ended, is free once, not twice", async () => {
    const { trunk, end } = silentTrunk();
    const limited = limitTrunk(trunk, { attemptsMax: 2 }, time);
    limited.reserve!("a");
    limited.release!("a");
    limited.release!("a");
    const [one] = [dial(limited, "b"), dial(limited, "c")];
    expect(limited.reserve!("d")).toBeDefined();
    end("b");
    await one;
    limited.release!("b");
    expect(limited.reserve!("d")).toBeUndefined();
    expect(limited.reserve!("e")).toBeDefined();
  });

  test("a second attempt with the id of a live one takes no line and frees none", async () => {
    const { trunk, end } = silentTrunk();
    const limited = limitTrunk(trunk, { attemptsMax: 1 }, time);
    const first = dial(limited, "a");
    const again = dial(limited, "a");
    end("a");
    await again;
    expect(limited.reserve!("b")).toBeDefined();
    void first;
  });

  test("without limits it is the trunk itself", () => {
    const { trunk } = silentTrunk();
    expect(limitTrunk(trunk, {}, time)).toBe(trunk);
  });
});
