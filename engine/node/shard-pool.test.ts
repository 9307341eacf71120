import { expect, test } from "vitest";
import { Histogram } from "../../base/histogram.js";
import type { ThreadExit, ThreadHandle, ThreadHost, ThreadOptions } from "../../base/ports.js";
import { virtualTime } from "../../base/virtual-time.js";
import { defaultConfig } from "../../config/default-config.js";
import { Restarts } from "./restarts.js";
import { ShardPool } from "./shard-pool.js";
import { Watchdog } from "./watchdog.js";

type FakeThread = { readonly options: ThreadOptions; ready(): void; die(): void };

/** Threads that are ready, and die, when the test says so. */
async function rig() {
  const time = virtualTime();
  const threads: FakeThread[] = [];
  const host = {
    spawn(options: ThreadOptions): ThreadHandle {
      const latency = new Histogram().handle;
      const of = { frameIn: latency, frameHeld: latency, turn: latency, turnEngine: latency };
      const receivers: ((message: unknown) => void)[] = [];
      const exits: ((exit: ThreadExit) => void)[] = [];
      threads.push({
        options,
        ready: () => receivers.forEach((receive) => receive({ kind: "ready", ...of })),
        die: () => exits.forEach((exit) => exit({ exitCode: 1 })),
      });
      return {
        name: options.name,
        post: () => undefined,
        onMessage: (receive) => void receivers.push(receive),
        onExit: (exit) => void exits.push(exit),
        terminate: () => Promise.resolve(),
      };
    },
  } as unknown as ThreadHost;
  const events: string[] = [];
  const listener = { back: () => undefined, failed: () => undefined, givenUp: () => undefined };
  const pool: ShardPool = new ShardPool({
    host,
    time,
    config: defaultConfig(),
    shardCount: 2,
    recognitionSockets: [],
    flows: [],
    watchdog: new Watchdog(time),
    blockedStack: { take: () => Promise.resolve(undefined) },
    restarts: new Restarts(time, listener),
    prompts: () => [],
    report: () => undefined,
    ready: () => undefined,
    log: () => undefined,
    connect: () => [],
    lost: ({ shardIndex }) => events.push(`${shardIndex} lost, live ${pool.live.join()}`),
    back: ({ shardIndex }) => events.push(`${shardIndex} back`),
  });
  const started = pool.start();
  for (const thread of threads) thread.ready();
  await started;
  time.advance(0);
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  return { pool, threads, events, time, settled };
}

test("the spare shard has the place of a lost one before anybody hears of the loss", async () => {
  const { threads, events, settled, time } = await rig();
  const [first, , spare] = threads;
  expect(threads.map(({ options }) => options.isInBackground)).toEqual([false, false, true]);
  spare!.ready();
  await settled();
  first!.die();
  await settled();
  expect(events).toEqual(["0 lost, live 0,1"]);
  // The next one is not started while the calls move.
  expect(threads).toHaveLength(3);
  time.advance(2000);
  expect(threads.map(({ options: { name } }) => name)).toEqual([
    "shard-0",
    "shard-1",
    "spare-1",
    "spare-2",
  ]);
});

test("a spare shard that is on its way is waited for, and no other is started beside it", async () => {
  const { threads, events, settled } = await rig();
  threads[1]!.die();
  await settled();
  expect(events).toEqual(["1 lost, live 0"]);
  threads[2]!.ready();
  await settled();
  expect(events).toEqual(["1 lost, live 0", "1 back"]);
  expect(threads).toHaveLength(3);
});

test("without a spare shard a new one is started in the place of the lost one", async () => {
  const { threads, events, settled } = await rig();
  threads[2]!.ready();
  await settled();
  threads[0]!.die();
  threads[1]!.die();
  await settled();
  expect(threads.map(({ options: { name } }) => name).slice(3)).toEqual(["shard-1"]);
  threads[3]!.ready();
  await settled();
  expect(events).toEqual(["0 lost, live 0,1", "1 lost, live 0", "1 back"]);
});

test("a spare shard that is lost while it waits comes back, but not at once", async () => {
  const { threads, settled, time } = await rig();
  threads[2]!.ready();
  await settled();
  threads[2]!.die();
  await settled();
  time.advance(5000);
  expect(threads).toHaveLength(3);
  time.advance(5000);
  expect(threads).toHaveLength(4);
});
