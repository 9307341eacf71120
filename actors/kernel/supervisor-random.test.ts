/**
 * Random supervisors, random failures, in virtual time: what must hold whatever happens. The
 * children watch over themselves and over their siblings; nothing here trusts the supervisor.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import {
  childSpec,
  createActorSystem,
  createSchedulerDispatcher,
  supervisor,
  type ActorRef,
  type ChildSpec,
  type ExitReason,
  type Message,
  type RestartPolicy,
  type SupervisorMessage,
} from "./index.js";

const policies: readonly RestartPolicy[] = ["permanent", "transient", "temporary"];
const failed: ExitReason = { kind: "failed", error: { code: "X", message: "x", detail: {} } };
const reasons: readonly ExitReason[] = [
  failed,
  { kind: "normal" },
  { kind: "shutdown" },
  { kind: "killed" },
  { kind: "shardLost" },
];

const childShape = fc.record({
  restart: fc.constantFrom(...policies),
  isSignificant: fc.boolean(),
  shutdownMs: fc.constantFrom(0, 30, 1000),
  /** How long it takes to close; undefined: it has no stopping phase. */
  closeMs: fc.constantFrom(undefined, 0, 20, 500),
  /** Lives that do not start. */
  failing: fc.constantFrom([], [], [], [], [2], [3, 4], [1]),
});
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ end: fc.nat(), reason: fc.constantFrom(...reasons) }) },
  { weight: 3, arbitrary: fc.record({ waitMs: fc.integer({ min: 1, max: 300 }) }) },
  { weight: 1, arbitrary: fc.record({ add: childShape }) },
  { weight: 1, arbitrary: fc.record({ remove: fc.nat() }) },
);
const plan = fc.record({
  strategy: fc.constantFrom("oneForOne", "oneForAll", "restForOne"),
  autoShutdown: fc.constantFrom("never", "any", "all"),
  restartsMax: fc.integer({ min: 0, max: 6 }),
  children: fc.array(childShape, { minLength: 1, maxLength: 5 }),
  steps: fc.array(step, { maxLength: 40 }),
  isStopped: fc.boolean(),
});
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;
type ChildShape = typeof childShape extends fc.Arbitrary<infer T> ? T : never;
type ChildMessage = { kind: "end"; reason: ExitReason } | { kind: "closed" } | { kind: "note" };
type Life = { id: string; ref?: ActorRef<ChildMessage>; order: number };

const periodMs = 400;

class World {
  readonly time = virtualTime();
  readonly system = createActorSystem({
    name: "t",
    dispatcher: createSchedulerDispatcher(this.time),
    time: this.time,
    // What was sent to a child and taken in: handled, or left over at its end. Never both.
    deadLetters: ({ kind, reason }) => {
      if (kind in { note: 1, end: 1 } && reason === "unhandledAtStop") this.buried += 1;
    },
    onFailure: () => undefined,
  });
  readonly living = new Map<string, Life>();
  readonly starts = new Map<string, number>();
  readonly restartsMs: number[] = [];
  readonly downs = new Map<number, number>();
  readonly lives: ActorRef<ChildMessage>[] = [];
  readonly order = new Map<string, number>();
  readonly violations: string[] = [];
  readonly plan: Plan;
  supervisor: ActorRef<SupervisorMessage> | undefined;
  supervisorExit: ExitReason | undefined;
  sent = 0;
  handled = 0;
  /** By the kernel's own count. */
  buried = 0;

  constructor(made: Plan) {
    this.plan = made;
  }

  spec(id: string, shape: ChildShape): ChildSpec {
    const { autoShutdown } = this.plan;
    this.order.set(id, this.order.size);
    const canBe = shape.restart !== "permanent" && autoShutdown !== "never";
    return childSpec<Life, ChildMessage>({
      id,
      restart: shape.restart,
      shutdownMs: shape.shutdownMs,
      isSignificant: shape.isSignificant && canBe,
      make: ({ incarnation }) => ({
        start: () => {
          if (shape.failing.some((life) => life === incarnation)) throw new Error("no start");
          return this.started(id);
        },
        receive: (_life, message, ctx) => {
          if (message.kind !== "closed") this.handled += 1;
          if (message.kind === "end") ctx.stop(message.reason);
          if (message.kind === "closed") ctx.stop();
        },
        ...(shape.closeMs === undefined
          ? {}
          : { stopping: (_l, _r, ctx) => void ctx.after(shape.closeMs!, { kind: "closed" }) }),
        stopped: (life, reason) => this.ended(life, reason),
      }),
      onStarted: (ref) => {
        this.living.get(id)!.ref = ref;
        this.lives.push(ref);
        this.system.onDown(ref, ({ ref: gone }) =>
          this.downs.set(gone.id, (this.downs.get(gone.id) ?? 0) + 1),
        );
      },
    });
  }

  started(id: string): Life {
    const order = this.order.get(id)!;
    if (this.living.has(id)) this.violations.push(`two lives of ${id}`);
    if (this.supervisorExit !== undefined) this.violations.push(`${id} outlives its supervisor`);
    if (this.plan.strategy !== "oneForOne") this.nobodyAfter(order, `start of ${id}`);
    this.starts.set(id, (this.starts.get(id) ?? 0) + 1);
    const life: Life = { id, order };
    this.living.set(id, life);
    return life;
  }

  ended(life: Life, _reason: ExitReason): void {
    if (this.living.get(life.id) !== life) this.violations.push(`${life.id} ended twice`);
    this.living.delete(life.id);
  }

  /** Later siblings have ended before this. */
  nobodyAfter(order: number, what: string): void {
    for (const other of this.living.values()) {
      if (other.order > order) this.violations.push(`${what} while ${other.id} lives`);
    }
  }

  /** Counted when it is decided; each restart starts a child at most once. */
  checkIntensity(): void {
    const { restartsMs } = this;
    for (const atMs of restartsMs) {
      const within = restartsMs.filter((some) => some >= atMs && some - atMs <= periodMs);
      if (within.length > this.plan.restartsMax) this.violations.push("over intensity");
    }
    for (const [id, starts] of this.starts) {
      if (id.startsWith("c") && starts > restartsMs.length + 1) {
        this.violations.push(`${id} started ${starts} times`);
      }
    }
  }
}

function play(made: Plan): World {
  const world = new World(made);
  const { time, system } = world;
  const children = made.children.map((shape, index) => world.spec(`c${index}`, shape));
  const names: string[] = children.map(({ id }) => id);
  const removed = new Set<string>();
  const behavior = supervisor({
    strategy: made.strategy,
    autoShutdown: made.autoShutdown,
    intensity: { restartsMax: made.restartsMax, periodMs },
    children,
    onRestart: () => void world.restartsMs.push(time.nowMs()),
  });
  const ref = system.spawn("S", behavior);
  world.supervisor = ref;
  system.onDown(ref, ({ reason }) => (world.supervisorExit = reason));
  time.settle();
  const settled: Promise<unknown>[] = [];
  for (const some of made.steps) {
    if ("end" in some) {
      const life = world.living.get(names[some.end % names.length]!);
      // Sometimes nobody lets the others react in between.
      for (const message of [{ kind: "note" }, { kind: "end", reason: some.reason }] as const) {
        if (life?.ref?.tell(message) === "delivered") world.sent += 1;
      }
      if (some.end % 3 !== 0) time.settle();
    } else if ("waitMs" in some) time.advance(some.waitMs);
    else if ("add" in some) {
      const spec = world.spec(`d${names.length}`, some.add);
      names.push(spec.id);
      settled.push(
        ask(world, (replyTo) => ({ kind: "startChild", spec, replyTo })).catch(() => undefined),
      );
    } else {
      const id = names[some.remove % names.length]!;
      removed.add(id);
      settled.push(ask(world, (replyTo) => ({ kind: "stopChild", id, replyTo })).catch(() => 0));
    }
  }
  time.advance(20_000);
  if (world.supervisorExit === undefined) mustRun(world, made, removed);
  else if (world.living.size > 0) world.violations.push("children outlive their supervisor");
  return world;
}

function ask(
  world: World,
  question: (replyTo: { reply(value: unknown): void }) => SupervisorMessage,
): Promise<unknown> {
  return world.system.ask<Message, unknown>(world.supervisor!, question, 1e5);
}

/** The supervisor lives: so does every permanent child that nobody removed. */
function mustRun(world: World, made: Plan, removed: ReadonlySet<string>): void {
  made.children.forEach(({ restart }, index) => {
    const id = `c${index}`;
    if (restart !== "permanent" || removed.has(id)) return;
    if (!world.living.has(id)) world.violations.push(`${id} does not run`);
  });
}

test("whatever fails: one life at a time, in order, within intensity, told once", () => {
  fc.assert(
    fc.property(plan, (made) => {
      const world = play(made);
      world.checkIntensity();
      if (made.isStopped && world.supervisorExit === undefined) {
        const before = [...world.living.values()].map(({ order }) => order);
        const gone: number[] = [];
        for (const { ref, order } of [...world.living.values()]) {
          world.system.onDown(ref!, () => gone.push(order));
        }
        void world.system.shutdown(1e5);
        world.time.advance(1e5);
        expect(gone).toEqual(before.sort((a, b) => b - a));
      } else world.system.stop();
      world.time.advance(1e5);
      expect(world.violations).toEqual([]);
      expect(world.handled + world.buried).toBe(world.sent);
      expect(world.living.size).toBe(0);
      for (const life of world.lives) expect(world.downs.get(life.id)).toBe(1);
      expect(world.time.pendingCount).toBe(0);
    }),
    { numRuns: 1500 },
  );
});
