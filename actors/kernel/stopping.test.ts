import { describe, expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import {
  createActorSystem,
  createSchedulerDispatcher,
  DeadLetterCounter,
  type ActorRef,
  type Behavior,
  type Context,
} from "./index.js";

type Any = { readonly kind: string };

function rig() {
  const time = virtualTime();
  const letters = new DeadLetterCounter();
  const trace: string[] = [];
  const system = createActorSystem({
    name: "t",
    dispatcher: createSchedulerDispatcher(time),
    time,
    deadLetters: letters.take,
    onFailure: (path) => void trace.push(`failed ${path}`),
  });
  /** Closes `closeMs` after it was asked to; with `Infinity`, never. */
  const closing = (name: string, closeMs: number): Behavior<null, Any> => ({
    start: () => null,
    receive(_state, message, ctx) {
      trace.push(`${name} got ${message.kind}`);
      if (message.kind === "closed") ctx.stop();
      if (message.kind === "throw") throw new Error("while closing");
    },
    stopping(_state, reason, ctx) {
      trace.push(`${name} stopping ${reason.kind}`);
      if (closeMs < Infinity) ctx.after(closeMs, { kind: "closed" });
    },
    stopped: (_state, reason) => void trace.push(`${name} ended ${reason.kind}`),
  });
  return { time, letters, trace, system, closing };
}

/** A parent that does what it is told to its children. */
function parentOf(
  children: (ctx: Context<Any>) => ActorRef<Any>[],
  act: (ctx: Context<Any>, refs: ActorRef<Any>[]) => void = () => undefined,
): Behavior<ActorRef<Any>[], Any> {
  return {
    start: children,
    receive: (refs, _message, ctx) => act(ctx, refs),
    shutdownMs: Infinity,
  };
}

describe("a graceful end", () => {
  test("goes on handling messages until the actor says it is done", () => {
    const { system, time, trace, closing, letters } = rig();
    let child!: ActorRef<Any>;
    const parent = system.spawn(
      "p",
      parentOf(
        (ctx) => [(child = ctx.spawn("c", closing("c", 100)))],
        (ctx, [c]) => ctx.stopChild(c!),
      ),
    );
    parent.tell({ kind: "go" });
    time.settle();
    expect(child.tell({ kind: "last" })).toBe("delivered");
    time.advance(99);
    expect(trace).toEqual(["c stopping shutdown", "c got last"]);
    time.advance(1);
    expect(trace.slice(2)).toEqual(["c got closed", "c ended shutdown"]);
    expect(child.tell({ kind: "late" })).toBe("dead");
    expect(letters.counts.dead).toBe(1);
    expect(time.pendingCount).toBe(0);
  });

  test("is cut off by a kill when its time is up, and everything below with it", () => {
    const { system, time, trace, closing } = rig();
    const inner: Behavior<null, Any> = {
      ...closing("outer", Infinity),
      start(ctx) {
        ctx.spawn("inner", closing("inner", Infinity));
        return null;
      },
    };
    const parent = system.spawn(
      "p",
      parentOf(
        (ctx) => [ctx.spawn("outer", inner, { shutdownMs: 200 })],
        (ctx, [c]) => ctx.stopChild(c!),
      ),
    );
    parent.tell({ kind: "go" });
    time.advance(199);
    expect(trace).toEqual(["outer stopping shutdown"]);
    time.advance(1);
    expect(trace.slice(1)).toEqual(["inner ended killed", "outer ended killed"]);
    expect(time.pendingCount).toBe(0);
  });

  test("that throws ends as failed", () => {
    const { system, time, trace, closing } = rig();
    const ref = system.spawn("c", closing("c", Infinity));
    void system.shutdown(1000);
    ref.tell({ kind: "throw" });
    time.settle();
    expect(trace.slice(1)).toEqual(["c got throw", "c ended failed", "failed /t/c"]);
  });

  test("does not begin for one that stops itself, or has decided to", () => {
    const { system, time, trace, closing } = rig();
    const ref = system.spawn("c", closing("c", Infinity));
    ref.tell({ kind: "closed" });
    time.settle();
    expect(trace).toEqual(["c got closed", "c ended normal"]);
  });

  test("of children happens one after the other, last started first, before the parent's", () => {
    const { system, time, trace, closing } = rig();
    const parent = {
      ...parentOf((ctx) => ["a", "b", "c"].map((name) => ctx.spawn(name, closing(name, 10)))),
      stopped: () => void trace.push("p ended"),
    };
    system.spawn("p", parent);
    let isGone = false;
    void system.shutdown(1000).then(() => (isGone = true));
    time.advance(10);
    expect(trace).toEqual([
      "c stopping shutdown",
      "c got closed",
      "c ended shutdown",
      "b stopping shutdown",
    ]);
    expect(isGone).toBe(false);
    time.advance(20);
    expect(trace.slice(-2)).toEqual(["a ended shutdown", "p ended"]);
  });

  test("of the whole tree ends at its deadline, whoever still closes", async () => {
    const { system, time, trace, closing } = rig();
    for (const name of ["a", "b"]) {
      system.spawn(name, closing(name, Infinity), { shutdownMs: Infinity });
    }
    const gone = system.shutdown(500);
    time.advance(499);
    expect(trace).toEqual(["b stopping shutdown"]);
    time.advance(1);
    await gone;
    expect(trace.slice(1)).toEqual(["b ended killed", "a ended killed"]);
    expect(system.metrics().actors).toBe(0);
    expect(time.pendingCount).toBe(0);
  });

  test("is skipped when the system stops at once", () => {
    const { system, trace, closing } = rig();
    system.spawn("a", closing("a", 10));
    system.stop();
    expect(trace).toEqual(["a ended shutdown"]);
  });
});

test("an ending actor starts nobody", () => {
  const { system, time, closing } = rig();
  let leaked!: Context<Any>;
  const ref = system.spawn<null, Any>("p", {
    start(ctx) {
      leaked = ctx;
      return null;
    },
    receive: (_state, _message, ctx) => ctx.stop(),
  });
  ref.tell({ kind: "go" });
  time.settle();
  expect(() => leaked.spawn("c", closing("c", 1))).toThrow(/is ending: it cannot start "c"/);
});

test("two thousand children end without a deep stack", () => {
  const { system, time, trace, closing } = rig();
  const parent = parentOf((ctx) =>
    Array.from({ length: 2000 }, (_, n) => ctx.spawn(`c${n}`, closing(`c${n}`, 0))),
  );
  system.spawn("p", parent);
  void system.shutdown(1000);
  time.advance(1);
  expect(trace.filter((line) => line.includes("ended shutdown"))).toHaveLength(2000);
});

test("what a life made in a start during which it was killed is released", () => {
  const { system, trace } = rig();
  system.spawn<null, Any>("a", {
    start() {
      system.stop();
      return null;
    },
    receive: () => undefined,
    stopped: (_state, reason) => void trace.push(`a ended ${reason.kind}`),
  });
  expect(trace).toEqual(["a ended shutdown"]);
});
