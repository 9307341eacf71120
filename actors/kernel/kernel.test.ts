import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ErrorData } from "../../base/errors.js";
import { virtualTime } from "../../base/virtual-time.js";
import {
  createActorSystem,
  createSchedulerDispatcher,
  DeadLetterCounter,
  type ActorRef,
  type Behavior,
  type Context,
  type Delivery,
  type Down,
  type ReplyTo,
} from "./index.js";

function virtualSystem() {
  const time = virtualTime();
  const letters = new DeadLetterCounter();
  const failures: { path: string; error: ErrorData }[] = [];
  const system = createActorSystem({
    name: "test",
    dispatcher: createSchedulerDispatcher(time),
    time,
    deadLetters: letters.take,
    onFailure: (path, error) => failures.push({ path, error }),
  });
  return { system, time, letters, failures };
}

type Any = { readonly kind: string; readonly n?: number; readonly replyTo?: ReplyTo<number> };

/** An actor that notes what it gets, and does what `act` says. */
function noting(seen: Any[], act: (message: Any, ctx: Context<Any>) => void = () => undefined) {
  return {
    start: () => null,
    receive: (_state: null, message: Any, ctx: Context<Any>) => {
      seen.push(message);
      act(message, ctx);
    },
  } satisfies Behavior<null, Any>;
}

describe("telling", () => {
  test("handles messages one at a time, in order, never inside the sender's own call", () => {
    const { system, time } = virtualSystem();
    const seen: Any[] = [];
    let depth = 0;
    const ref = system.spawn(
      "a",
      noting(seen, (message, ctx) => {
        depth += 1;
        expect(depth).toBe(1);
        if (message.n === 1) ctx.self.tell({ kind: "again", n: 9 });
        depth -= 1;
      }),
    );
    for (const n of [1, 2, 3]) expect(ref.tell({ kind: "m", n })).toBe("delivered");
    expect(seen).toEqual([]);
    time.settle();
    expect(seen.map((message) => message.n)).toEqual([1, 2, 3, 9]);
  });

  test("a message to the dead is reported to its sender and becomes a dead letter, once", () => {
    const { system, time, letters } = virtualSystem();
    const ref = system.spawn(
      "a",
      noting([], (_m, ctx) => ctx.stop()),
    );
    ref.tell({ kind: "stop" });
    ref.tell({ kind: "left" });
    time.settle();
    expect(ref.tell({ kind: "late" })).toBe("dead");
    expect(letters.recent).toEqual([
      { kind: "left", to: "/test/a", incarnation: 1, reason: "unhandledAtStop" },
      { kind: "late", to: "/test/a", incarnation: 1, reason: "dead" },
    ]);
  });

  test("an actor that floods itself does not starve its neighbour", () => {
    const { system, time } = virtualSystem();
    const order: string[] = [];
    let floods = 0;
    const flood = system.spawn(
      "flood",
      noting([], (_m, ctx) => {
        if ((floods += 1) < 1000) ctx.self.tell({ kind: "more" });
      }),
    );
    flood.tell({ kind: "go" });
    const calm = system.spawn("calm", {
      start: () => null,
      receive: () => void order.push(`after ${floods}`),
    });
    calm.tell({ kind: "hi" });
    time.settle();
    expect(floods).toBe(1000);
    expect(Number(order[0]!.split(" ")[1])).toBeLessThan(200);
  });
});

describe("lanes", () => {
  const lanes: Behavior<string[], Any> = {
    start: () => [],
    receive: (state, message) => void state.push(`${message.kind}${message.n ?? ""}`),
    laneOf: (message) =>
      message.kind === "audio" ? "audio" : message.kind === "text" ? "transcripts" : "intents",
    coalesce: (older, newer) => (older.kind === newer.kind ? newer : undefined),
    limits: {
      audio: { policy: "dropOldest", countMax: 3, bytesMax: 100 },
      intents: { policy: "reject", countMax: 2, bytesMax: 100 },
      transcripts: { policy: "coalesce", countMax: 2, bytesMax: 100 },
    },
  };

  function laned() {
    const { system, time, letters } = virtualSystem();
    const states: string[][] = [];
    const ref = system.spawn("a", {
      ...lanes,
      start: () => {
        const state: string[] = [];
        states.push(state);
        return state;
      },
    });
    return { ref, time, letters, seen: states[0]! };
  }

  test("audio drops the oldest and counts it", () => {
    const { ref, time, letters, seen } = laned();
    for (const n of [1, 2, 3, 4, 5]) expect(ref.tell({ kind: "audio", n })).toBe("delivered");
    time.settle();
    expect(seen).toEqual(["audio3", "audio4", "audio5"]);
    expect(letters.counts.displaced).toBe(2);
  });

  test("intents are refused when full, and the sender learns it", () => {
    const { ref, time, letters, seen } = laned();
    const results: Delivery[] = [1, 2, 3].map((n) => ref.tell({ kind: "intent", n }));
    time.settle();
    expect(results).toEqual(["delivered", "delivered", "refused"]);
    expect(seen).toEqual(["intent1", "intent2"]);
    expect(letters.counts.full).toBe(1);
  });

  test("only the newest of waiting partials is handled", () => {
    const { ref, time, seen } = laned();
    for (let n = 0; n < 50; n += 1) ref.tell({ kind: "text", n });
    time.settle();
    expect(seen).toEqual(["text49"]);
  });

  test("system messages overtake everything that waits", () => {
    const { system, time } = virtualSystem();
    const seen: string[] = [];
    const ref = system.spawn("a", {
      ...lanes,
      start: (ctx) => {
        ctx.after(0, { kind: "timer" });
        return seen;
      },
    });
    ref.tell({ kind: "intent" });
    ref.tell({ kind: "audio" });
    time.settle();
    expect(seen[0]).toBe("timer");
  });

  test("bounds hold for any mix of sizes, and nothing is both handled and buried", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { minLength: 1, maxLength: 80 }), (sizes) => {
        const { system, time, letters } = virtualSystem();
        const handled: number[] = [];
        const ref = system.spawn<null, Any>("a", {
          start: () => null,
          receive: (_s, message) => void handled.push(message.n!),
          laneOf: () => "audio",
          bytesOf: (message) => sizes[message.n!]!,
          limits: { audio: { policy: "dropOldest", countMax: 5, bytesMax: 50 } },
        });
        sizes.forEach((_size, n) => ref.tell({ kind: "audio", n }));
        time.settle();
        expect(handled.length).toBeLessThanOrEqual(5);
        expect(handled.reduce((sum, n) => sum + sizes[n]!, 0)).toBeLessThanOrEqual(50);
        expect([...handled].sort((a, b) => a - b)).toEqual(handled);
        const { full, displaced } = letters.counts;
        expect(handled.length + full + displaced).toBeLessThanOrEqual(sizes.length);
      }),
    );
  });
});

describe("asking", () => {
  const doubler = noting([], (message) => message.replyTo?.reply((message.n ?? 0) * 2));
  const question = (replyTo: ReplyTo<number>): Any => ({ kind: "double", n: 21, replyTo });

  test("brings the answer", async () => {
    const { system, time } = virtualSystem();
    const answer = system.ask(system.spawn("a", doubler), question, 100);
    time.settle();
    await expect(answer).resolves.toBe(42);
    expect(time.pendingCount).toBe(0);
  });

  test("fails at the deadline, and an answer after it is a dead letter", async () => {
    const { system, time, letters } = virtualSystem();
    let late: ReplyTo<number> | undefined;
    const ref = system.spawn(
      "a",
      noting([], (message) => void (late = message.replyTo)),
    );
    const answer = system.ask(ref, question, 100);
    time.advance(100);
    await expect(answer).rejects.toMatchObject({ code: "ASK_TIMEOUT" });
    late!.reply(1);
    expect(letters.counts.lateReply).toBe(1);
  });

  test("fails at once when the asked one dies or is dead", async () => {
    const { system, time } = virtualSystem();
    const ref = system.spawn(
      "a",
      noting([], () => {
        throw new Error("boom");
      }),
    );
    const answer = system.ask(ref, question, 1e6);
    time.settle();
    await expect(answer).rejects.toMatchObject({ code: "ASK_DEAD" });
    await expect(system.ask(ref, question, 1e6)).rejects.toMatchObject({ code: "ASK_DEAD" });
    expect(time.pendingCount).toBe(0);
  });
});

describe("ending", () => {
  test("a throw ends the actor as failed, with the error for its watchers and the log", () => {
    const { system, time, failures } = virtualSystem();
    const downs: Down[] = [];
    system.spawn<null, { kind: "go" } | { kind: "down"; down: Down }>("parent", {
      start(ctx) {
        const child = ctx.spawn(
          "child",
          noting([], () => {
            throw new RangeError("bad frame");
          }),
        );
        ctx.watch(child, (down) => ({ kind: "down", down }));
        child.tell({ kind: "go" });
        return null;
      },
      receive: (_s, message) => void (message.kind === "down" && downs.push(message.down)),
    });
    time.settle();
    expect(downs).toHaveLength(1);
    expect(downs[0]!.reason).toMatchObject({ kind: "failed", error: { message: "bad frame" } });
    expect(failures).toMatchObject([{ path: "/test/parent/child" }]);
  });

  test("children end before their parent, last started first, and each says it once", () => {
    const { system, time } = virtualSystem();
    const ended: string[] = [];
    const leaf = (name: string): Behavior<null, Any> => ({
      start: () => null,
      receive: () => undefined,
      stopped: () => void ended.push(name),
    });
    system.spawn("parent", {
      ...leaf("parent"),
      start(ctx) {
        ctx.spawn("first", leaf("first"));
        ctx.spawn("second", leaf("second"));
        return null;
      },
    });
    time.settle();
    system.stop();
    system.stop();
    expect(ended).toEqual(["second", "first", "parent"]);
  });

  test("a name is free again once its actor has ended, and the new life has a new id", () => {
    const { system, time } = virtualSystem();
    const stopper = noting([], (_m, ctx) => ctx.stop());
    const first = system.spawn("a", stopper);
    expect(() => system.spawn("a", stopper)).toThrow(/has a child named "a" already/);
    first.tell({ kind: "x" });
    time.settle();
    const second = system.spawn("a", stopper);
    expect(second.id).not.toBe(first.id);
    expect(first.tell({ kind: "x" })).toBe("dead");
  });

  test("timers and promises of a life that ended are forgotten", async () => {
    const { system, time, letters } = virtualSystem();
    const seen: Any[] = [];
    let resolve!: (value: number) => void;
    const promise = new Promise<number>((done) => (resolve = done));
    const ref = system.spawn("a", {
      ...noting(seen, (_m, ctx) => ctx.stop()),
      start(ctx: Context<Any>) {
        ctx.after(50, { kind: "timer" });
        ctx.pipeToSelf(
          promise,
          (n) => ({ kind: "value", n }),
          () => ({ kind: "error" }),
        );
        return null;
      },
    });
    ref.tell({ kind: "stop" });
    time.settle();
    resolve(1);
    await promise;
    await Promise.resolve();
    time.advance(100);
    expect(seen).toEqual([{ kind: "stop" }]);
    expect(letters.counts.pastLife).toBe(1);
  });

  test("watching the dead tells at once", () => {
    const { system, time } = virtualSystem();
    const stopper: ActorRef<Any> = system.spawn(
      "a",
      noting([], (_m, ctx) => ctx.stop()),
    );
    stopper.tell({ kind: "x" });
    time.settle();
    const seen: Any[] = [];
    system.spawn("b", {
      ...noting(seen),
      start(ctx: Context<Any>) {
        ctx.watch(stopper, () => ({ kind: "down" }));
        return null;
      },
    });
    time.settle();
    expect(seen).toEqual([{ kind: "down" }]);
  });

  test("a watcher that has ended is told nothing, and leaves no dead letter", () => {
    const { system, time, letters } = virtualSystem();
    const stopper = noting([], (_m, ctx) => ctx.stop());
    const watched = system.spawn("watched", stopper);
    const watcher = system.spawn("watcher", {
      ...stopper,
      start(ctx: Context<Any>) {
        ctx.watch(watched, () => ({ kind: "down" }));
        return null;
      },
    });
    watcher.tell({ kind: "x" });
    time.settle();
    watched.tell({ kind: "x" });
    time.settle();
    expect(letters.recent).toEqual([]);
  });

  test("watching twice tells once", () => {
    const { system, time } = virtualSystem();
    const seen: Any[] = [];
    const watched = system.spawn(
      "watched",
      noting([], (_m, ctx) => ctx.stop()),
    );
    system.spawn("watcher", {
      ...noting(seen),
      start(ctx: Context<Any>) {
        for (const n of [1, 2]) ctx.watch(watched, () => ({ kind: "down", n }));
        return null;
      },
    });
    watched.tell({ kind: "x" });
    time.settle();
    expect(seen).toEqual([{ kind: "down", n: 2 }]);
  });

  test("a start that throws ends that life only", () => {
    const { system, time, failures } = virtualSystem();
    const ref = system.spawn<null, Any>("a", {
      start: () => {
        throw new Error("no licence");
      },
      receive: () => undefined,
    });
    time.settle();
    expect(ref.tell({ kind: "x" })).toBe("dead");
    expect(failures).toMatchObject([{ path: "/test/a", error: { message: "no licence" } }]);
  });
});
