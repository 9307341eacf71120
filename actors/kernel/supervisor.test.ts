import { describe, expect, test } from "vitest";
import { EngineError } from "../../base/errors.js";
import { virtualTime } from "../../base/virtual-time.js";
import {
  childSpec,
  createActorSystem,
  createSchedulerDispatcher,
  DeadLetterCounter,
  Supervision,
  supervisor,
  type ActorRef,
  type Behavior,
  type ChildDown,
  type ChildSpec,
  type ChildView,
  type Context,
  type Down,
  type SpecMistake,
  type StartChildReply,
  type StopChildReply,
  type SupervisorMessage,
  type SupervisorOptions,
} from "./index.js";

type Any = { readonly kind: string; readonly n?: number };

function rig() {
  const time = virtualTime();
  const letters = new DeadLetterCounter();
  const trace: string[] = [];
  const refs = new Map<string, ActorRef<Any>>();
  const system = createActorSystem({
    name: "t",
    dispatcher: createSchedulerDispatcher(time),
    time,
    deadLetters: letters.take,
    onFailure: () => undefined,
  });
  const plain = (id: string, more: Partial<Behavior<null, Any>> = {}): Behavior<null, Any> => ({
    start: (ctx) => {
      trace.push(`start ${id}(${ctx.incarnation})`);
      return null;
    },
    receive(_state, message, ctx) {
      if (message.kind === "fail") throw new EngineError("BOOM", "boom");
      if (message.kind === "closed" || message.kind === "stop") ctx.stop();
      else trace.push(`${id}(${ctx.incarnation}) got ${message.kind}`);
    },
    stopped: (_state, reason) => void trace.push(`end ${id} ${reason.kind}`),
    ...more,
  });
  const child = (id: string, more?: Partial<Behavior<null, Any>>): ChildSpec =>
    childSpec<null, Any>({
      id,
      make: () => plain(id, more),
      onStarted: (ref) => void refs.set(id, ref),
    });
  const slow = { stopping: (_s: null, _r: unknown, ctx: Context<Any>) => late(ctx) };
  return { time, letters, trace, refs, system, plain, child, slow };
}

const late = (ctx: Context<Any>): void => void ctx.after(100, { kind: "closed" });

function mistakesOf(make: () => unknown): readonly SpecMistake[] {
  try {
    make();
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "SUPERVISOR_SPEC" });
    return (thrown as EngineError).detail.mistakes as SpecMistake[];
  }
  return [];
}

describe("a spec", () => {
  const make = (): Behavior<null, Any> => ({ start: () => null, receive: () => undefined });

  test("tells all its mistakes at once, each with its place and what would be right", () => {
    const options = {
      strategy: "oneForSome",
      intensity: { restartsMax: -1, periodMs: 0 },
      children: [
        { id: "a", make },
        { id: "a", make },
        { id: "no spaces", make, restart: "sometimes", shutdownMs: Number.NaN },
        { id: "b", make: undefined, isSignificant: true },
      ],
    } as unknown as SupervisorOptions;
    const mistakes = mistakesOf(() => supervisor(options));
    expect(mistakes.map(({ path }) => path)).toEqual([
      "strategy",
      "intensity.restartsMax",
      "intensity.periodMs",
      "children[1].id",
      "children[2].restart",
      "children[2].id",
      "children[2].shutdownMs",
      "children[3].make",
      "children[3].isSignificant",
      "children[3].isSignificant",
    ]);
    expect(mistakes[0]!.message).toBe(
      'is "oneForSome"; give "oneForOne", "oneForAll", "restForOne"',
    );
  });

  test("without mistakes makes a supervisor, also without children", () => {
    expect(mistakesOf(() => supervisor({ children: [] }))).toEqual([]);
  });
});

test("a failed supervisor is started again by its own, with all its children anew", () => {
  const { system, time, trace, refs, child } = rig();
  const inner = childSpec({
    id: "inner",
    make: () =>
      supervisor({ intensity: { restartsMax: 1, periodMs: 100 }, children: [child("leaf")] }),
  });
  system.spawn("outer", supervisor({ children: [inner] }));
  for (const _ of [1, 2]) {
    refs.get("leaf")!.tell({ kind: "fail" });
    time.settle();
  }
  expect(trace).toEqual([
    "start leaf(1)",
    "end leaf failed",
    "start leaf(2)",
    "end leaf failed",
    "start leaf(1)",
  ]);
  expect(refs.get("leaf")!.path).toBe("/t/outer/inner/leaf");
});

test("giving up names the limit and carries the last failure as its cause", () => {
  const { system, time, refs, child } = rig();
  const downs: Down[] = [];
  const intensity = { restartsMax: 0, periodMs: 7000 };
  const ref = system.spawn("s", supervisor({ intensity, children: [child("a")] }));
  system.onDown(ref, (down) => downs.push(down));
  refs.get("a")!.tell({ kind: "fail" });
  time.settle();
  expect(downs[0]!.reason).toMatchObject({
    kind: "failed",
    error: {
      code: "RESTART_INTENSITY",
      message: '/t/s: over 0 restarts in 7000 ms, last of "a"',
      cause: { code: "BOOM" },
    },
  });
});

test("while a restart waits for a child to close, commands and other ends wait in order", async () => {
  const { system, time, trace, refs, child, slow } = rig();
  const children = [child("a"), child("b"), child("c", slow)];
  const ref: ActorRef<SupervisorMessage> = system.spawn(
    "s",
    supervisor({ strategy: "restForOne", intensity: { restartsMax: 5, periodMs: 1e4 }, children }),
  );
  refs.get("b")!.tell({ kind: "fail" });
  time.settle();
  const added = system.ask<SupervisorMessage, StartChildReply>(
    ref,
    (replyTo) => ({ kind: "startChild", spec: child("d"), replyTo }),
    1000,
  );
  refs.get("a")!.tell({ kind: "stop" });
  time.settle();
  trace.length = 0;
  time.advance(300);
  expect((await added).isOk).toBe(true);
  expect(trace).toEqual([
    "end c shutdown",
    "start b(2)",
    "start c(2)",
    "start d(1)",
    "end d shutdown",
    "end c shutdown",
    "end b shutdown",
    "start a(2)",
    "start b(3)",
    "start c(3)",
    "start d(2)",
  ]);
});

test("commands to a supervisor that is ending, or too many of them, are turned away", async () => {
  const { system, time, refs, child, slow } = rig();
  const children = [child("a"), child("b", slow)];
  const made = supervisor({ strategy: "oneForAll", children });
  const ref: ActorRef<SupervisorMessage> = system.spawn("s", made);
  const stop = (): Promise<StopChildReply> =>
    system.ask(ref, (replyTo) => ({ kind: "stopChild", id: "x", replyTo }) as never, 1e5);
  refs.get("a")!.tell({ kind: "fail" });
  time.settle();
  const first = Array.from({ length: 256 }, stop);
  time.settle();
  const over = stop();
  time.settle();
  expect(await over).toMatchObject({ error: { code: "SUPERVISOR_BUSY" } });
  void system.shutdown(1e5);
  const ending = stop();
  time.settle();
  expect(await first[0]).toMatchObject({ error: { code: "SUPERVISOR_ENDING" } });
  expect(await ending).toMatchObject({ error: { code: "SUPERVISOR_ENDING" } });
});

test("the stop of one slow child keeps nobody from starting another", async () => {
  const { system, time, trace, child, slow } = rig();
  const made = supervisor({ children: [child("a", slow)] });
  const ref: ActorRef<SupervisorMessage> = system.spawn("s", made);
  const command = <R>(message: (replyTo: { reply(value: R): void }) => SupervisorMessage) =>
    system.ask<SupervisorMessage, R>(ref, message, 1000);
  const stopped = command<StopChildReply>((replyTo) => ({ kind: "stopChild", id: "a", replyTo }));
  const started = command<StartChildReply>((replyTo) => ({
    kind: "startChild",
    spec: child("b"),
    replyTo,
  }));
  time.settle();
  expect(trace).toEqual(["start a(1)", "start b(1)"]);
  await started;
  time.advance(100);
  expect(await stopped).toEqual({ isOk: true });
  const listed = command<readonly ChildView[]>((replyTo) => ({ kind: "listChildren", replyTo }));
  time.settle();
  expect(await listed).toMatchObject([{ id: "b", restart: "permanent", incarnation: 1 }]);
});

describe("a past life", () => {
  test("gets no promise, timer or message of its own delivered to the next", async () => {
    const { system, time, trace, letters, refs, child } = rig();
    let resolve!: () => void;
    const promise = new Promise<void>((done) => (resolve = done));
    const spec = child("a", {
      start(ctx) {
        if (ctx.incarnation > 1) return null;
        const message = { kind: "result" };
        ctx.pipeToSelf(
          promise,
          () => message,
          () => message,
        );
        ctx.after(50, { kind: "timer" });
        return null;
      },
    });
    system.spawn("s", supervisor({ children: [spec] }));
    const old = refs.get("a")!;
    old.tell({ kind: "fail" });
    old.tell({ kind: "waiting" });
    time.settle();
    resolve();
    await promise;
    await Promise.resolve();
    expect(old.tell({ kind: "direct" })).toBe("dead");
    time.advance(100);
    expect(refs.get("a")).toMatchObject({ incarnation: 2, path: old.path });
    expect(refs.get("a")!.id).not.toBe(old.id);
    expect(trace).toEqual(["end a failed"]);
    expect(letters.recent).toEqual([
      { kind: "waiting", to: "/t/s/a", incarnation: 1, reason: "unhandledAtStop" },
      { kind: "result", to: "/t/s/a", incarnation: 1, reason: "pastLife" },
      { kind: "direct", to: "/t/s/a", incarnation: 1, reason: "dead" },
    ]);
  });
});

test("a maker that throws counts as a start that throws", async () => {
  const { system, time } = rig();
  const made = supervisor({ children: [] });
  const ref: ActorRef<SupervisorMessage> = system.spawn("s", made);
  const spec: ChildSpec = {
    id: "a",
    make: () => {
      throw new Error("no model file");
    },
  };
  const reply = system.ask<SupervisorMessage, StartChildReply>(
    ref,
    (replyTo) => ({ kind: "startChild", spec, replyTo }),
    100,
  );
  time.settle();
  expect(await reply).toMatchObject({
    isOk: false,
    error: { code: "CHILD_START", message: "/t/s/a did not start: no model file" },
  });
});

describe("an actor that supervises children of its own", () => {
  type OwnerMessage = Any | ChildDown;
  const owner = (
    children: readonly ChildSpec[],
    onRestart: (supervision: Supervision<OwnerMessage>, heard: readonly string[]) => void,
    trace: string[],
  ): Behavior<{ cast: Supervision<OwnerMessage>; heard: string[] }, OwnerMessage> => ({
    start(ctx) {
      const heard: string[] = [];
      const cast: Supervision<OwnerMessage> = new Supervision<OwnerMessage>(
        {
          toMessage: (down) => down,
          onRestart: () => onRestart(cast, heard),
          onEnding: ({ kind }) => void trace.push(`ending ${kind}`),
          onEnded: (exit) => ctx.stop(exit),
        },
        ctx,
      );
      for (const spec of children) cast.begin(spec);
      return { cast, heard };
    },
    receive(state, message) {
      if (message.kind === "childDown") state.cast.receive(message as ChildDown);
      else state.heard.push(message.kind);
    },
    laneOf: () => "system",
  });

  test("has read what a child told it before it starts that child's next life", () => {
    const { system, time, trace, refs, plain } = rig();
    const heardAtRestart: string[][] = [];
    const talker = childSpec<null, Any>({
      id: "talker",
      make: () => ({
        ...plain("talker"),
        receive() {
          ref.tell({ kind: "last words" });
          throw new Error("test");
        },
      }),
      onStarted: (child) => void refs.set("talker", child),
    });
    const note = (_: unknown, heard: readonly string[]) => void heardAtRestart.push([...heard]);
    const ref = system.spawn("owner", owner([talker], note, trace));
    refs.get("talker")!.tell({ kind: "speak" });
    time.settle();
    expect(heardAtRestart).toEqual([["last words"]]);
    expect(trace).toEqual(["start talker(1)", "end talker failed", "start talker(2)"]);
  });

  test("may decide that there is nothing to go on for", () => {
    const { system, time, trace, refs, child } = rig();
    const end = (cast: Supervision<OwnerMessage>) => cast.end({ kind: "normal" });
    system.spawn("owner", owner([child("a"), child("b")], end, trace));
    refs.get("a")!.tell({ kind: "fail" });
    time.settle();
    expect(trace.slice(2)).toEqual(["end a failed", "ending normal", "end b shutdown"]);
    expect(system.actorMetrics()).toEqual([]);
  });

  test("goes on with the others when one does not start, within its intensity", () => {
    const { system, time, trace, child } = rig();
    let lives = 0;
    const start = (): null => {
      lives += 1;
      if (lives === 1) throw new Error("test");
      trace.push("start a");
      return null;
    };
    const nothing = (): void => undefined;
    system.spawn("owner", owner([child("a", { start }), child("b")], nothing, trace));
    time.settle();
    expect(trace).toEqual(["start b(1)", "start a"]);
  });
});
