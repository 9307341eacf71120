import { expect, test } from "vitest";
import { Histogram } from "../../base/histogram.js";
import type { ThreadExit, ThreadHandle, ThreadHost } from "../../base/ports.js";
import { virtualTime } from "../../base/virtual-time.js";
import { defaultConfig } from "../../config/default-config.js";
import type { ShardThreadData } from "../shard/shard-thread.js";
import { startShardLife } from "./shard-life.js";
import { beatMs } from "./loop-beat.js";
import { Watchdog } from "./watchdog.js";

/** A shard that is ready and beats as long as the test wants. */
async function rig(take: () => Promise<readonly string[] | undefined>) {
  const time = virtualTime();
  const watchdog = new Watchdog(time);
  const logs: { message: string; fields: object }[] = [];
  let data!: ShardThreadData;
  let exit: (exit: ThreadExit) => void = () => undefined;
  const handle: ThreadHandle = {
    name: "shard-7",
    post: () => undefined,
    onMessage(receive) {
      const latency = new Histogram().handle;
      const ready = {
        kind: "ready",
        frameIn: latency,
        frameHeld: latency,
        turn: latency,
        turnEngine: latency,
      };
      queueMicrotask(() => receive(ready));
    },
    onExit: (receive) => void (exit = receive),
    terminate: () => Promise.resolve(exit({ exitCode: 1 })),
  };
  const host = {
    spawn(options: { data: unknown }) {
      data = options.data as ShardThreadData;
      return handle;
    },
  } as unknown as ThreadHost;
  const life = await startShardLife(
    {
      host,
      time,
      config: defaultConfig(),
      recognitionSockets: [],
      flows: [],
      watchdog,
      blockedStack: { take },
      prompts: () => [],
      report: () => undefined,
      ready: () => undefined,
      log: (_level, message, fields) => void logs.push({ message, fields }),
    },
    { name: "shard-7", shardIndex: 0, isInBackground: false },
  );
  const run = (durationMs: number, isBeating: boolean): void => {
    for (let ms = 0; ms < durationMs; ms += beatMs) {
      if (isBeating) Atomics.add(data.beat, 0, 1);
      time.advance(beatMs);
    }
  };
  run(200, true);
  return { life, data, logs, run };
}

test("a blocked shard is reported with its stack, and ended at the limit", async () => {
  const { life, logs, run } = await rig(() => Promise.resolve(["spin (a.js:1:1)"]));
  let losses = 0;
  life.onLost(() => (losses += 1));
  life.guard();
  run(400, false);
  await Promise.resolve();
  await Promise.resolve();
  expect(logs).toMatchObject([
    {
      message: "a thread's loop is blocked",
      fields: { thread: "shard-7", stack: ["spin (a.js:1:1)"] },
    },
  ]);
  run(1000, false);
  await Promise.resolve();
  expect(logs.at(-1)?.message).toBe("a thread is ended: its loop is blocked");
  expect(losses).toBe(1);
});

test("a stack that never comes delays nothing", async () => {
  const { life, logs, run } = await rig(() => new Promise(() => undefined));
  let losses = 0;
  life.onLost(() => (losses += 1));
  life.guard();
  run(1400, false);
  await Promise.resolve();
  expect(logs.map(({ message }) => message)).toEqual(["a thread is ended: its loop is blocked"]);
  expect(losses).toBe(1);
});

test("a shard that carries no calls yet is not ended for getting no turn", async () => {
  const { life, logs, run } = await rig(() => Promise.resolve(undefined));
  run(5000, false);
  expect(logs).toEqual([]);
  life.guard();
  run(1400, false);
  expect(logs.at(-1)?.message).toBe("a thread is ended: its loop is blocked");
});

test("whose turn it was last can be read when the shard is gone", async () => {
  const { life, data } = await rig(() => Promise.resolve(undefined));
  data.atWork[0] = 4711;
  await life.thread.terminate();
  expect(life.lastMark()).toBe(4711);
});
