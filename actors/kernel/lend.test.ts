import { describe, expect, test } from "vitest";
import type { ErrorData } from "../../base/errors.js";
import { virtualTime } from "../../base/virtual-time.js";
import {
  createActorSystem,
  createSchedulerDispatcher,
  DeadLetterCounter,
  type Behavior,
  type Context,
} from "./index.js";

/** A message on memory that its sender uses again. */
type Lent = { readonly kind: "audio" | "other"; n: number };

function rig(act: (message: Lent, ctx: Context<Lent>) => void = () => undefined) {
  const time = virtualTime();
  const letters = new DeadLetterCounter();
  const failures: ErrorData[] = [];
  const system = createActorSystem({
    name: "test",
    dispatcher: createSchedulerDispatcher(time),
    time,
    deadLetters: letters.take,
    onFailure: (_path, error) => failures.push(error),
  });
  const seen: number[] = [];
  const behavior: Behavior<null, Lent> = {
    start: () => null,
    receive(_state, message, ctx) {
      seen.push(message.n);
      act(message, ctx);
    },
    laneOf: (message) => (message.kind === "audio" ? "audio" : "intents"),
    bytesOf: () => 10,
    limits: { audio: { policy: "dropOldest", countMax: 3, bytesMax: 1000 } },
  };
  const ref = system.spawn("a", behavior);
  const message: Lent = { kind: "audio", n: 0 };
  let copies = 0;
  /** Lends the one message there is, overwritten each time. */
  const lend = (n: number) => {
    message.n = n;
    return ref.lend(message, (lent) => {
      copies += 1;
      return { ...lent };
    });
  };
  return { time, system, letters, failures, seen, ref, lend, copies: () => copies };
}

describe("lending a message", () => {
  test("to an actor that is free handles it before the call returns, without a copy", () => {
    const { lend, seen, copies } = rig();
    expect(lend(1)).toBe("delivered");
    expect(lend(2)).toBe("delivered");
    expect(seen).toEqual([1, 2]);
    expect(copies()).toBe(0);
  });

  test("overtakes nothing that waits, of whatever lane", () => {
    const { lend, seen, ref, time, copies } = rig();
    ref.tell({ kind: "other", n: 1 });
    lend(2);
    lend(3);
    expect(seen).toEqual([]);
    time.settle();
    expect(seen).toEqual([1, 2, 3]);
    expect(copies()).toBe(2);
  });

  test("to an actor in the middle of a message waits for the end of it", () => {
    const order: string[] = [];
    const one = rig((message) => {
      order.push(`begin ${message.n}`);
      if (message.n === 1) one.lend(2);
      order.push(`end ${message.n}`);
    });
    one.ref.tell({ kind: "other", n: 1 });
    one.time.settle();
    expect(order).toEqual(["begin 1", "end 1", "begin 2", "end 2"]);
  });

  test("keeps the bounds of the lane: the oldest copies go, and are counted", () => {
    const { lend, seen, ref, time, letters } = rig();
    ref.tell({ kind: "other", n: 0 });
    for (const n of [1, 2, 3, 4, 5]) expect(lend(n)).toBe("delivered");
    time.settle();
    expect(seen).toEqual([0, 3, 4, 5]);
    expect(letters.counts.displaced).toBe(2);
  });

  test("to an actor that throws ends it, and not the sender; later ones are dead letters", () => {
    const { lend, seen, time, failures, letters } = rig(() => {
      throw new Error("poison");
    });
    expect(lend(1)).toBe("delivered");
    // Its end is its own turn; until then what comes waits, and is buried with it.
    expect(lend(2)).toBe("delivered");
    time.settle();
    expect(lend(3)).toBe("dead");
    expect(seen).toEqual([1]);
    expect(failures.map(({ message }) => message)).toEqual(["poison"]);
    expect(letters.counts).toMatchObject({ unhandledAtStop: 1, dead: 1 });
  });

  test("to an actor that stops itself ends it in its own turn", () => {
    const { lend, system, ref, time } = rig((_message, ctx) => ctx.stop());
    const reasons: string[] = [];
    system.onDown(ref, ({ reason }) => reasons.push(reason.kind));
    lend(1);
    expect(reasons).toEqual([]);
    time.settle();
    expect(reasons).toEqual(["normal"]);
  });

  test("counts as handled like any other", () => {
    const { lend, system } = rig();
    lend(1);
    lend(2);
    expect(system.metrics().handled).toBe(2);
  });
});
