import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { callMark } from "../../base/call-mark.js";
import { Ledger, noShard, type Places, type ShardLoss } from "./ledger.js";

const specOf = (callId: string) => ({
  callId,
  userId: "u",
  flowId: "f",
  variables: {},
  isRecorded: true,
  answerMsMax: 1,
  durationMsMax: 1,
});

/** Quarantine shards are numbered from 10; `ready` of them are there already. */
function rig(options: { live?: number[]; alone?: number; ready?: number; coming?: number } = {}) {
  const { live = [0, 1], alone = 4, ready = alone } = options;
  const ledger = new Ledger();
  const taken = new Set<number>();
  const places: Places = {
    live,
    coming: options.coming,
    quarantine() {
      const free = Array.from({ length: alone }, (_, at) => 10 + at).find((at) => !taken.has(at));
      if (free === undefined) return undefined;
      taken.add(free);
      return { shardIndex: free, isLive: taken.size <= ready };
    },
  };
  const add = (count: number, shardIndex = 0): void => {
    for (let at = 0; at < count; at += 1) ledger.add(specOf(`s${shardIndex}-${at}`), shardIndex);
  };
  const lose = (shardIndex: number, over: Partial<ShardLoss & Places> = {}) => {
    const loss = { shardIndex, isQuarantine: shardIndex >= 10, lastMark: 0, ...over };
    const rest = live.filter((index) => index !== shardIndex);
    taken.delete(shardIndex);
    return ledger.takeOver(loss, { ...places, live: rest, ...over });
  };
  const placeOf = (callId: string) => ledger.find(callId)?.shardIndex;
  return { ledger, add, lose, placeOf };
}

describe("the calls of a lost shard", () => {
  test("are spread over the others, least loaded first", () => {
    const { ledger, add, lose } = rig({ live: [0, 1, 2] });
    add(10, 0);
    add(4, 1);
    const takeovers = lose(0);
    expect(takeovers.map(({ kind }) => kind)).toEqual(Array(10).fill("move"));
    expect([...ledger.loads([0, 1, 2]).values()]).toEqual([0, 7, 7]);
  });

  test("all go to the shard that has taken its place, and are no burden to the others", () => {
    const { ledger, add, lose } = rig();
    add(10, 0);
    add(10, 1);
    lose(0, { live: [0, 1] });
    expect([...ledger.loads([0, 1]).values()]).toEqual([10, 10]);
  });

  test("wait for a shard that comes back when none is there, and are taken once", () => {
    const { ledger, add, lose } = rig();
    add(3, 0);
    const takeovers = lose(0, { live: [], coming: 1 });
    expect(takeovers.map(({ kind }) => kind)).toEqual(["wait", "wait", "wait"]);
    expect(ledger.takeWaiting(0)).toEqual([]);
    expect(ledger.takeWaiting(1)).toHaveLength(3);
    expect(ledger.takeWaiting(1)).toEqual([]);
  });

  test("are given up when no shard will ever be there", () => {
    const { add, lose } = rig();
    add(2, 0);
    expect(lose(0, { live: [] }).map(({ kind }) => kind)).toEqual(["giveUp", "giveUp"]);
  });
});

describe("after its second loss", () => {
  test("a call goes on alone; after the third, there, it is given up, and nobody else", () => {
    const { add, lose, placeOf } = rig();
    add(1, 0);
    add(1, 1);
    lose(0);
    expect([placeOf("s0-0"), placeOf("s1-0")]).toEqual([1, 1]);
    // The other one lost its first.
    const second = lose(1);
    expect(second.map(({ callId, isQuarantined }) => [callId, isQuarantined])).toEqual([
      ["s0-0", true],
      ["s1-0", false],
    ]);
    const third = lose(placeOf("s0-0")!);
    expect(third.map(({ callId, kind }) => [callId, kind])).toEqual([["s0-0", "giveUp"]]);
    expect(placeOf("s1-0")).toBe(0);
    // Another call may have its shard while it is said goodbye to.
    expect(placeOf("s0-0")).toBe(noShard);
  });

  test("it waits where its own shard is still starting", () => {
    const { ledger, add, lose } = rig({ ready: 0 });
    add(1, 0);
    lose(0);
    expect(lose(1)[0]).toMatchObject({ kind: "wait", isQuarantined: true });
    expect(ledger.takeWaiting(10)).toHaveLength(1);
  });

  test("one that had its turn at both goes on alone, and nobody else is suspected", () => {
    const { ledger, add, lose } = rig();
    add(20, 0);
    lose(0, { lastMark: callMark("s0-13") });
    const second = lose(1, { lastMark: callMark("s0-13") });
    const apart = second.filter(({ isQuarantined }) => isQuarantined);
    expect(apart.map(({ callId }) => callId)).toEqual(["s0-13"]);
    expect(second.every(({ kind }) => kind === "move")).toBe(true);
    expect(ledger.callsOf(0)).toHaveLength(19);
  });

  test.each([
    ["with room for all", 8],
    ["with little room", 3],
    ["with room for one", 1],
  ])("a poisonous call to which nothing points is found, and only it ends, %s", (_, alone) => {
    const { ledger, add, lose, placeOf } = rig({ alone });
    add(100, 0);
    add(100, 1);
    const ended: string[] = [];
    // The first time a fresh shard has taken the place of the lost one.
    lose(0, { live: [0, 1] });
    let losses = 1;
    for (; ended.length === 0 && losses < 20; losses += 1) {
      const takeovers = lose(placeOf("s0-37")!);
      ended.push(...takeovers.flatMap(({ callId, kind }) => (kind === "giveUp" ? callId : [])));
    }
    expect(ended).toEqual(["s0-37"]);
    expect(losses).toBeLessThanOrEqual(alone === 8 ? 6 : 11);
    // Who never was where it was has lost nothing.
    if (alone > 1) expect(ledger.find("s1-5")?.losses).toBe(0);
  });

  test("whoever had the last turn by chance, it is found, and strangers lose nothing", () => {
    const turns = fc.array(fc.nat(99), { minLength: 20, maxLength: 20 });
    const property = fc.property(turns, fc.constantFrom(8, 3), (lastTurns, alone) => {
      const { ledger, add, lose, placeOf } = rig({ alone });
      add(100, 0);
      add(100, 1);
      const ended: string[] = [];
      for (const turn of lastTurns) {
        if (ended.length > 0) break;
        const shardIndex = placeOf("s0-37")!;
        const here = ledger.callsOf(shardIndex);
        const lastMark = callMark(here[turn % here.length]!);
        // A fresh shard takes the place of an ordinary one.
        const takeovers = lose(shardIndex, { lastMark, live: [0, 1] });
        ended.push(...takeovers.flatMap(({ callId, kind }) => (kind === "giveUp" ? callId : [])));
      }
      expect(ended).toEqual(["s0-37"]);
      expect(ledger.find("s1-5")?.losses).toBe(0);
    });
    fc.assert(property, { seed: 1, numRuns: 300 });
  });

  test("losses of other causes count as well: who then loses a shard alone is given up", () => {
    const { add, lose, placeOf } = rig();
    add(20, 0);
    // The thread was lost by itself; then a call of it does harm in its own turn.
    lose(0);
    const mark = callMark("s0-7");
    for (const { callId } of lose(1, { lastMark: mark })) expect(placeOf(callId)).not.toBe(noShard);
    const ended: string[] = [];
    for (let losses = 2; ended.length === 0 && losses < 6; losses += 1) {
      const takeovers = lose(placeOf("s0-7")!, { lastMark: mark });
      ended.push(...takeovers.flatMap(({ callId, kind }) => (kind === "giveUp" ? callId : [])));
    }
    expect(ended).toEqual(["s0-7"]);
  });

  test("one whose fellow suspect has just ended is not blamed for what that one left behind", () => {
    const { ledger, add, lose, placeOf } = rig({ alone: 1 });
    add(8, 0);
    lose(0);
    lose(1);
    expect([placeOf("s0-0"), placeOf("s0-4")]).toEqual([10, 10]);
    ledger.remove("s0-4");
    expect(lose(10)[0]).toMatchObject({ callId: "s0-0", kind: "move", isQuarantined: true });
    // Now it has a shard that nobody else was on.
    expect(lose(10)[0]).toMatchObject({ callId: "s0-0", kind: "giveUp" });
  });

  test("a quarantine shard is empty when the last of its calls has ended", () => {
    const { ledger, add, lose } = rig({ alone: 1 });
    add(8, 0);
    lose(0);
    lose(1);
    const apart = ledger.callsOf(10);
    expect(apart).toHaveLength(2);
    expect(apart.map((callId) => ledger.remove(callId))).toEqual([undefined, 10]);
  });

  test("a call that is there whenever a shard dies is given up in the end", () => {
    const { add, lose } = rig({ alone: 0 });
    add(1, 0);
    const kinds = Array.from({ length: 12 }, (_, at) => lose(at % 2)[0]?.kind);
    expect(kinds).toEqual([...Array<string>(11).fill("move"), "giveUp"]);
  });
});
