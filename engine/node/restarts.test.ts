import { describe, expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import { Restarts } from "./restarts.js";

/** Lets promises that are settled run their callbacks. */
async function flush(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
}

function rig(failures: number) {
  const time = virtualTime();
  const attemptsMs: number[] = [];
  const log: string[] = [];
  const restarts = new Restarts(time, {
    back: (name) => void log.push(`${name} is back`),
    failed: (name, error, retryMs) => void log.push(`${name}: ${String(error)}, ${retryMs}`),
    givenUp: (name) => void log.push(`${name} is given up`),
  });
  const start = () => {
    attemptsMs.push(time.nowMs());
    return attemptsMs.length > failures ? Promise.resolve() : Promise.reject(new Error("no"));
  };
  return { time, attemptsMs, log, restarts, start };
}

describe("what was lost", () => {
  test("is started again at once", async () => {
    const { restarts, start, attemptsMs, log } = rig(0);
    restarts.again("shard-0", start);
    await flush();
    expect(attemptsMs).toEqual([0]);
    expect(log).toEqual(["shard-0 is back"]);
  });

  test("is tried again and again, ever more slowly, until it is back", async () => {
    const { restarts, start, attemptsMs, log, time } = rig(9);
    restarts.again("gateway-0", start);
    for (let i = 0; i < 600; i += 1) {
      await flush();
      time.advance(100);
    }
    const waits = attemptsMs.slice(1).map((atMs, i) => atMs - attemptsMs[i]!);
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
    expect(log.at(-1)).toBe("gateway-0 is back");
    expect(time.pendingCount).toBe(0);
  });

  test("is given up when it is lost again and again, and not before", async () => {
    const { restarts, start, attemptsMs, log, time } = rig(0);
    const isKept = (): boolean => restarts.again("shard-0", start);
    expect([1, 2, 3, 4, 5].map(isKept)).toEqual([true, true, true, true, true]);
    // Another one's losses are its own.
    expect(restarts.again("shard-1", start)).toBe(true);
    expect(isKept()).toBe(false);
    await flush();
    expect(attemptsMs).toHaveLength(6);
    expect(log).toContain("shard-0 is given up");
    time.advance(15_001);
    expect(isKept()).toBe(true);
  });

  test("is left alone once we stop, which waits for the attempt under way", async () => {
    const { restarts, start, attemptsMs, time } = rig(99);
    restarts.again("shard-0", start);
    await flush();
    let end!: () => void;
    restarts.again("shard-1", () => new Promise((resolve) => (end = resolve)));
    let isStopped = false;
    const stopped = restarts.stop().then(() => (isStopped = true));
    time.advance(60_000);
    await flush();
    expect(attemptsMs).toHaveLength(1);
    expect(time.pendingCount).toBe(0);
    expect(isStopped).toBe(false);
    end();
    await stopped;
  });
});
