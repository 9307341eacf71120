/**
 * The real actors, watched: their behaviours are wrapped as they are spawned, so that a fault can
 * kill them at any message and every message can be accounted for.
 *
 * The books of one life: what was told = handled + merged + dead letters. A message that is handled
 * and buried as well, or neither, does not add up.
 */
import {
  defaultLaneLimits,
  type ActorRef,
  type ActorSystem,
  type Behavior,
  type DeadLetter,
  type Lane,
  type LaneLimits,
  type Message,
} from "../../actors/kernel/index.js";

/** Who an actor is. */
export type Part = {
  readonly path: string;
  readonly role: string;
  /** Undefined: no actor of a call. */
  readonly callIndex: number | undefined;
};

export type CastWatcher = {
  /** Before `receive`, and after it; may throw in the actor's place. */
  readonly handling: (part: Part, message: Message, when: "before" | "after") => void;
  /** A look at an actor's state before a message, for a broken build. */
  readonly tamper?: ((part: Part, state: unknown) => void) | undefined;
  readonly starting: (part: Part) => void;
  /** False once the thread is gone: nothing of it goes on, not even what was under way. */
  readonly isAlive: () => boolean;
  /** Whatever is done outside of `receive` is done for this call from here on. */
  readonly enter: (part: Part) => void;
  /** A message was told, before it is queued. */
  readonly told: (part: Part, message: Message) => void;
  /** Other bounds of the lanes, for a broken build, in which nobody is ever free either. */
  readonly limits?: Partial<Record<Lane, number>> | undefined;
  readonly violated: (part: Part, rule: string, what: string) => void;
  readonly nowMs: () => number;
};

/** What the kernel's cell offers beyond its public face. */
type Cell = ActorRef & {
  metrics?(): {
    readonly lanes: Partial<Record<Lane, { readonly depth: number; readonly bytes: number }>>;
  };
  ask?(ref: ActorRef, question: unknown, deadlineMs: number): Promise<unknown>;
  spawn(name: string, behavior: Behavior<unknown, Message>, options?: object): ActorRef;
  after(delayMs: number, message: Message): unknown;
  watch(ref: ActorRef, toMessage: (down: never) => Message): void;
  pipeToSelf(promise: Promise<unknown>, ...to: unknown[]): void;
};

type Life = {
  readonly part: Part;
  /** Told, delivered, and not handled yet. */
  readonly waiting: Set<Message>;
  /** Told and not taken: must never be handled. */
  readonly refused: WeakSet<Message>;
  /** Messages that may come from itself: timers, notices, promises. */
  ownMax: number;
  ownHandled: number;
  buried: number;
  isEnded: boolean;
};

/** Bounds are looked at this often, and whenever so much waits that one may be near. */
const boundsCheckedEvery = 64;
const manyWaiting = 60;

export class WatchedCast {
  readonly #watcher: CastWatcher;
  readonly #lives = new Map<string, Life>();
  /** Questions that are open, and when each must be answered or given up. */
  readonly #asks = new Map<object, { readonly part: Part; readonly dueMs: number }>();
  readonly #trueLimits = new WeakMap<object, Partial<LaneLimits>>();
  #onDown: ActorSystem["onDown"] = () => undefined;
  handledCount = 0;

  constructor(watcher: CastWatcher) {
    this.#watcher = watcher;
  }

  /** Call once the system exists. */
  attach(system: ActorSystem): void {
    this.#onDown = system.onDown.bind(system);
  }

  /** Lives that have not ended. */
  get liveCount(): number {
    return this.#lives.size;
  }

  /** Questions of the cast that nobody has settled in time. */
  overdueAsks(nowMs: number): readonly Part[] {
    return [...this.#asks.values()].filter(({ dueMs }) => dueMs < nowMs).map(({ part }) => part);
  }

  /** The sink for dead letters of the system. */
  readonly buried = (letter: DeadLetter): void => {
    const life = this.#lives.get(letter.to);
    const isFromMailbox = letter.reason === "displaced" || letter.reason === "unhandledAtStop";
    if (life !== undefined && isFromMailbox) life.buried += 1;
  };

  /** Wraps a behaviour, and those of all whom it will spawn. */
  wrap<S, M extends Message>(behavior: Behavior<S, M>): Behavior<S, M> {
    let life: Life | undefined;
    this.#trueLimits.set(behavior, behavior.limits ?? {});
    const wrapped: Behavior<S, M> = {
      ...this.#loosened(behavior),
      start: (ctx) => {
        life = this.#begin(ctx.self as never, behavior);
        this.#watcher.enter(life.part);
        this.#watcher.starting(life.part);
        return behavior.start(ctx);
      },
      receive: (state, message, ctx) => {
        if (!this.#watcher.isAlive()) return;
        this.#handle(life!, message);
        this.#watcher.handling(life!.part, message, "before");
        if (!this.#watcher.isAlive()) return;
        this.#watcher.tamper?.(life!.part, state);
        behavior.receive(state, message, ctx);
        this.#watcher.handling(life!.part, message, "after");
      },
      ...(behavior.stopped === undefined
        ? {}
        : {
            stopped: (state, reason) => {
              this.#watcher.enter(life!.part);
              behavior.stopped!(state, reason);
            },
          }),
      ...(behavior.coalesce === undefined
        ? {}
        : { coalesce: (older, newer) => this.#merge(life!, behavior, older, newer) as M }),
    };
    return wrapped;
  }

  /** With the bounds of a broken build, where there is one. */
  #loosened<S, M extends Message>(behavior: Behavior<S, M>): Behavior<S, M> {
    const loose = Object.entries(this.#watcher.limits ?? {}).map(([lane, countMax]) => {
      return [lane, { ...defaultLaneLimits[lane as Lane], countMax, bytesMax: countMax * 1000 }];
    });
    if (loose.length === 0) return behavior;
    const limits = Object.fromEntries(loose) as Partial<LaneLimits>;
    return { ...behavior, limits: { ...behavior.limits, ...limits } };
  }

  #begin(cell: Cell, behavior: Behavior<unknown, Message>): Life {
    const part = partOf(cell.path);
    const life: Life = {
      part,
      waiting: new Set(),
      refused: new WeakSet(),
      ownMax: 0,
      ownHandled: 0,
      buried: 0,
      isEnded: false,
    };
    this.#lives.set(part.path, life);
    this.#watchTells(cell, life, behavior);
    const spawn = cell.spawn.bind(cell);
    const after = cell.after.bind(cell);
    const watch = cell.watch.bind(cell);
    const pipeToSelf = cell.pipeToSelf.bind(cell);
    const ask = cell.ask?.bind(cell);
    const mayComeFromItself = (): void => void (life.ownMax += 1);
    Object.assign(cell, {
      spawn: (name: string, child: Behavior<unknown, Message>, options?: object) => {
        const ref = spawn(name, this.wrap(child), options);
        this.#watcher.enter(part);
        return ref;
      },
      after: (...args: Parameters<Cell["after"]>) => {
        mayComeFromItself();
        return after(...args);
      },
      watch: (...args: Parameters<Cell["watch"]>) => {
        mayComeFromItself();
        watch(...args);
      },
      ask: (ref: ActorRef, question: unknown, deadlineMs: number) => {
        const asked = {};
        this.#asks.set(asked, { part, dueMs: this.#watcher.nowMs() + deadlineMs });
        const answer = ask!(ref, question, deadlineMs);
        const settle = (): void => void this.#asks.delete(asked);
        answer.then(settle, settle);
        return answer;
      },
      pipeToSelf: (...args: Parameters<Cell["pipeToSelf"]>) => {
        mayComeFromItself();
        pipeToSelf(...args);
      },
    });
    this.#onDown(cell, () => this.#end(life));
    return life;
  }

  #watchTells(cell: Cell, life: Life, behavior: Behavior<unknown, Message>): void {
    const tell = cell.tell.bind(cell);
    const limits = { ...defaultLaneLimits, ...this.#trueLimits.get(behavior) };
    let tells = 0;
    const lend = cell.lend.bind(cell);
    cell.lend = (message, copy) => {
      // Without bounds everything waits: nobody is ever free.
      if (this.#watcher.limits !== undefined) return cell.tell(copy(message));
      life.waiting.add(message);
      this.#watcher.told(life.part, message);
      let own = message;
      const delivery = lend(message, () => {
        life.waiting.delete(message);
        life.waiting.add((own = copy(message)));
        return own;
      });
      if (delivery !== "delivered") {
        life.waiting.delete(own);
        life.refused.add(own);
      }
      return delivery;
    };
    cell.tell = (message) => {
      life.waiting.add(message);
      this.#watcher.told(life.part, message);
      const delivery = tell(message);
      if (delivery !== "delivered") {
        life.waiting.delete(message);
        life.refused.add(message);
        return delivery;
      }
      if ((tells += 1) % boundsCheckedEvery === 0 || life.waiting.size >= manyWaiting) {
        this.#judgeBounds(cell, life, limits);
      }
      return delivery;
    };
  }

  #judgeBounds(cell: Cell, life: Life, limits: LaneLimits): void {
    for (const [lane, { depth, bytes }] of Object.entries(cell.metrics?.().lanes ?? {})) {
      const { countMax, bytesMax } = limits[lane as Lane];
      if (depth <= countMax && bytes <= bytesMax) continue;
      const what = `${depth} messages, ${bytes} bytes wait on ${lane} of ${life.part.path}`;
      this.#watcher.violated(life.part, "mailbox-bound", what);
    }
  }

  #handle(life: Life, message: Message): void {
    this.handledCount += 1;
    this.#watcher.enter(life.part);
    if (life.isEnded) this.#watcher.violated(life.part, "life-after-end", message.kind);
    if (life.waiting.delete(message)) return;
    life.ownHandled += 1;
    if (life.refused.has(message)) {
      const what = `${message.kind} was refused by ${life.part.path} and handled`;
      this.#watcher.violated(life.part, "handled-and-dead", what);
    }
  }

  #merge(
    life: Life,
    behavior: Behavior<unknown, Message>,
    older: Message,
    newer: Message,
  ): Message | undefined {
    const both = behavior.coalesce!(older, newer);
    if (both === undefined) return undefined;
    life.waiting.delete(older);
    life.waiting.delete(newer);
    life.waiting.add(both);
    return both;
  }

  #end(life: Life): void {
    life.isEnded = true;
    if (this.#lives.get(life.part.path) === life) this.#lives.delete(life.part.path);
    const left = life.waiting.size;
    const ownLeft = life.ownMax - life.ownHandled;
    if (life.buried >= left && life.buried <= left + ownLeft) return;
    const what = `${life.part.path}: ${left} told and not handled, ${life.buried} dead letters`;
    this.#watcher.violated(life.part, "handled-and-dead", what);
  }
}

function partOf(path: string): Part {
  const steps = path.split("/");
  const callIndex = /^call-c(\d+)$/.exec(
    steps.find((step) => step.startsWith("call-c")) ?? "",
  )?.[1];
  const last = steps.at(-1)!;
  const role = last.startsWith("call-c") ? "call" : last;
  return { path, role, callIndex: callIndex === undefined ? undefined : Number(callIndex) };
}
