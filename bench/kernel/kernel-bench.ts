/**
 * Question: how many control messages a second does one thread handle over 1000 actors, and does
 * a message cost more when its actor has many children?
 *
 * Throughput: 500 pairs, each passing `inFlight` tokens to and fro. Pairs, because tokens that go
 * around a ring bunch up and are then drained in cheap batches. With 1 token every message pays for
 * a wake-up; with 32 actors are drained in batches, as busy ones are.
 * Children: one actor with 0 and with 2000 idle children exchanges a single message with another,
 * so that every message pays for a wake-up and a turn of its own.
 *
 * Rounds alternate between the cases, so that a busy machine hits all of them alike; the first
 * round warms up and is not counted.
 */
import {
  createActorSystem,
  createNactDispatcher,
  createSchedulerDispatcher,
  type ActorRef,
  type ActorSystem,
  type Behavior,
  type Dispatcher,
} from "../../actors/kernel/index.js";
import { nodeTime } from "../../base/node-ports.js";
import { defineBench } from "../support/bench.js";

export type KernelBenchOptions = {
  /** For all rounds of all cases together. */
  readonly seconds: number;
  readonly progress: (text: string) => void;
};

export type Throughput = {
  readonly dispatcher: "nact" | "scheduler";
  /** Tokens of each pair. */
  readonly inFlight: number;
  readonly messagesPerSecond: number;
  /** Slowest and fastest round. */
  readonly spread: readonly [number, number];
};

export type ChildrenCost = {
  readonly dispatcher: "nact" | "scheduler";
  readonly children: number;
  readonly nsPerMessage: number;
  readonly spread: readonly [number, number];
};

export type KernelResult = {
  readonly bench: "kernel";
  readonly actors: number;
  readonly throughput: readonly Throughput[];
  readonly childrenCost: readonly ChildrenCost[];
  /** Checksum: messages the system says it handled, and those the actors counted. */
  readonly handled: number;
  readonly counted: number;
  /** Both counts agree, nothing was refused, and no actor failed. */
  readonly isValid: boolean;
};

type Token = { readonly kind: "token" };
type Work = { counted: number };
type Case = {
  readonly dispatcher: "nact" | "scheduler";
  /** Tokens of each of the 500 pairs, or children of one actor of a single pair. */
  readonly load: { readonly inFlight: number } | { readonly children: number };
};

const actorCount = 1000;
const token: Token = { kind: "token" };

const cases: readonly Case[] = (["nact", "scheduler"] as const).flatMap((dispatcher) => [
  { dispatcher, load: { inFlight: 1 } },
  { dispatcher, load: { inFlight: 32 } },
  { dispatcher, load: { children: 0 } },
  { dispatcher, load: { children: 2000 } },
]);

/** Rounds that count; the median is reported. */
const rounds = 5;

export async function kernelBench(options: KernelBenchOptions): Promise<KernelResult> {
  const rates: number[][] = cases.map(() => []);
  let handled = 0;
  let counted = 0;
  let failures = 0;
  const roundMs = (options.seconds * 1000) / cases.length / (rounds + 1);
  for (let round = 0; round <= rounds; round += 1) {
    options.progress(round === 0 ? "warming up" : `round ${round} of ${rounds}`);
    for (const [index, some] of cases.entries()) {
      const result = await run(some, roundMs);
      if (round > 0) rates[index]!.push(result.rate);
      handled += result.handled;
      counted += result.counted;
      failures += result.failures;
    }
  }
  const throughput: Throughput[] = [];
  const childrenCost: ChildrenCost[] = [];
  cases.forEach(({ dispatcher, load }, index) => {
    const sorted = rates[index]!.sort((a, b) => a - b);
    const [median, least, most] = [sorted[sorted.length >> 1]!, sorted[0]!, sorted.at(-1)!];
    if ("inFlight" in load) {
      const spread = [Math.round(least), Math.round(most)] as const;
      const messagesPerSecond = Math.round(median);
      throughput.push({ dispatcher, inFlight: load.inFlight, messagesPerSecond, spread });
    } else {
      const spread = [nsOf(most), nsOf(least)] as const;
      const cost = { dispatcher, children: load.children, nsPerMessage: nsOf(median), spread };
      childrenCost.push(cost);
    }
  });
  const isValid = handled === counted && handled > 0 && failures === 0;
  const counts = { handled, counted, isValid };
  return { bench: "kernel", actors: actorCount, throughput, childrenCost, ...counts };
}

async function run(some: Case, roundMs: number) {
  const time = nodeTime();
  let failures = 0;
  const dispatcher: Dispatcher =
    some.dispatcher === "nact" ? createNactDispatcher("bench") : createSchedulerDispatcher(time);
  const system = createActorSystem({
    name: "bench",
    dispatcher,
    time,
    // Tokens that wait when the round is over are no loss.
    deadLetters: (letter) => void (failures += letter.reason === "unhandledAtStop" ? 0 : 1),
    onFailure: () => void (failures += 1),
  });
  const work: Work = { counted: 0 };
  if ("inFlight" in some.load) pairs(system, some.load.inFlight, work);
  else exchange(system, some.load.children, work);
  const startMs = time.nowMs();
  await new Promise<void>((resolve) => time.after(roundMs, resolve));
  const { counted } = work;
  const rate = counted / ((time.nowMs() - startMs) / 1000);
  const { handled } = system.metrics();
  system.stop();
  return { rate, handled, counted, failures };
}

function pairs(system: ActorSystem, inFlight: number, work: Work): void {
  const refs: ActorRef<Token>[] = [];
  for (let index = 0; index < actorCount; index += 1) {
    const behavior: Behavior<null, Token> = {
      start: () => null,
      receive(_state, message) {
        work.counted += 1;
        refs[index ^ 1]!.tell(message);
      },
    };
    refs.push(system.spawn(`a${index}`, behavior));
  }
  for (let index = 0; index < actorCount; index += 2) {
    for (let count = 0; count < inFlight; count += 1) refs[index]!.tell(token);
  }
}

function exchange(system: ActorSystem, children: number, work: Work): void {
  const idle: Behavior<null, Token> = { start: () => null, receive: () => undefined };
  const parent = system.spawn<null, Token>("parent", {
    start(ctx) {
      for (let index = 0; index < children; index += 1) ctx.spawn(`c${index}`, idle);
      return null;
    },
    receive(_state, message) {
      work.counted += 1;
      partner.tell(message);
    },
  });
  const partner = system.spawn<null, Token>("partner", {
    start: () => null,
    receive(_state, message) {
      work.counted += 1;
      parent.tell(message);
    },
  });
  parent.tell(token);
}

const nsOf = (ratePerSecond: number): number => Math.round(1e9 / ratePerSecond);

/** The result for a person. */
export function formatKernel(result: KernelResult): string {
  const number = (value: number): string => value.toLocaleString("en-US").padStart(12);
  const lines = [
    `kernel: ${result.actors} actors on one thread${result.isValid ? "" : "  (NOT VALID)"}`,
    ...result.throughput.map(
      ({ dispatcher, inFlight, messagesPerSecond, spread }) =>
        `  ${dispatcher.padEnd(10)} ${String(inFlight).padStart(4)} in flight per pair  ` +
        `${number(messagesPerSecond)} messages/s  (${number(spread[0])} … ${number(spread[1])})`,
    ),
    ...result.childrenCost.map(
      ({ dispatcher, children, nsPerMessage, spread }) =>
        `  ${dispatcher.padEnd(10)} ${String(children).padStart(4)} children            ` +
        `${number(nsPerMessage)} ns a message (${number(spread[0])} … ${number(spread[1])})`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

export const kernel = defineBench({
  name: "kernel",
  question: "how many messages a second does one thread handle over 1000 actors?",
  options: { seconds: { kind: "count", default: 10, max: 600, help: "for all rounds together" } },
  run: ({ seconds }, progress) => kernelBench({ seconds, progress }),
  format: formatKernel,
});
