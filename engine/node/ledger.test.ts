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
  let taken = 0;
  const places: Places = {
    live,
    coming: options.coming,
    quarantine() {
      if (taken >= alone) return undefined;
      taken += 1;
      return { shardIndex: 9 + taken, isLive: taken <= ready };
    },
  };
  const add = (count: number, shardIndex = 0): void => {
    for (let at = 0; at < count; at += 1) ledger.add(specOf(`s${shardIndex}-${at}`), shardIndex);
  };
  const lose = (shardIndex: number, over: Partial<ShardLoss & Places> = {}) => {
    const loss = { shardIndex, isQuarantine: shardIndex >= 10, lastMark: 0, ...over };
    const rest = live.filter((index) => index !== shardIndex);
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

  test("who had its turn at the losses goes first where there is no room for all", () => {
    const { ledger, add, lose } = rig({ alone: 2 });
    add(20, 0);
    lose(0, { lastMark: callMark("s0-13") });
    const second = lose(1, { lastMark: callMark("s0-13") });
    const alone = second.filter(({ isQuarantined }) => isQuarantined);
    expect(alone).toHaveLength(2);
    expect(alone[0]).toMatchObject({ callId: "s0-13", kind: "move" });
    // The others go on together, and are not ended for having been there.
    expect(second.every(({ kind }) => kind === "move")).toBe(true);
    expect(ledger.callsOf(0)).toHaveLength(18);
    expect(lose(0).every(({ kind }) => kind === "move")).toBe(true);
  });

  test("a poisonous call among many is found though nothing points at it", () => {
    const { ledger, add, lose, placeOf } = rig({ alone: 1000 });
    add(40, 0);
    let rounds = 0;
    for (; placeOf("s0-7") !== undefined && rounds < 20; rounds += 1) {
      for (const { callId, kind } of lose(placeOf("s0-7")!)) {
        if (kind !== "giveUp") continue;
        expect(callId).toBe("s0-7");
        ledger.remove(callId);
      }
    }
    expect(rounds).toBe(3);
    expect(ledger.callsOf(undefined)).toHaveLength(39);
  });

  test("a call that is there whenever a shard dies is given up in the end", () => {
    const { add, lose } = rig({ alone: 0 });
    add(1, 0);
    const kinds = Array.from({ length: 10 }, (_, at) => lose(at % 2)[0]?.kind);
    expect(kinds).toEqual([...Array<string>(9).fill("move"), "giveUp"]);
  });
});
