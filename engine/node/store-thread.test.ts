import { describe, expect, test } from "vitest";
import { EngineError } from "../../base/errors.js";
import type { ThreadExit, ThreadHandle, ThreadHost } from "../../base/ports.js";
import { virtualTime } from "../../base/virtual-time.js";
import { StoreKeeper } from "./store-thread.js";

/** Threads that answer every question with their own number, and die when told to. */
function rig({ failing = 0 } = {}) {
  const time = virtualTime();
  const dies: (() => void)[] = [];
  const logs: string[] = [];
  let failuresLeft = failing;
  const spawn = (): ThreadHandle => {
    const life = dies.length + 1;
    const onExit: ((exit: ThreadExit) => void)[] = [];
    const ports: FakePort[] = [];
    const die = (): void => {
      for (const { close } of ports) close();
      for (const run of onExit) run({ exitCode: 1, error: new EngineError("KILLED", "killed") });
    };
    dies.push(die);
    return {
      name: "store",
      post(message) {
        const { kind, port } = message as { kind: string; port: FakePort };
        if (kind === "close") return die();
        ports.push(port);
        port.answer = () => life;
      },
      onMessage(receive) {
        if (life > 1 && failuresLeft > 0) {
          failuresLeft -= 1;
          receive({ kind: "failed", error: { code: "STORE_CORRUPT", message: "no" } });
        } else receive({ kind: "ready" });
      },
      onExit: (run) => void onExit.push(run),
      terminate: () => Promise.resolve(die()),
    };
  };
  const host = { spawn, channel: fakeChannel } as unknown as ThreadHost;
  const data = { dataDir: "/nowhere", kekFile: "/nowhere" };
  const log = (_level: string, message: string) => void logs.push(message);
  const keeper = new StoreKeeper({ host, time, data, log });
  return { time, keeper, logs, die: () => dies.at(-1)!() };
}

type FakePort = { answer: () => unknown; close: () => void };

function fakeChannel() {
  const listeners = new Map<string, (message: unknown) => void>();
  const far: FakePort = {
    answer: () => undefined,
    close: () => listeners.get("close")?.(undefined),
  };
  const port1 = {
    on: (event: string, run: (message: unknown) => void) => void listeners.set(event, run),
    postMessage: ({ id }: { id: number }) =>
      listeners.get("message")?.({ id, ok: true, value: far.answer() }),
    close: () => undefined,
  };
  return { port1, port2: far };
}

const settled = () => new Promise(setImmediate);

describe("a store thread that is lost", () => {
  test("has another one in its place, and the same store asks that one", async () => {
    const { keeper, die, logs } = rig();
    const store = await keeper.start();
    expect(await store.get("c")).toBe(1);
    die();
    await expect(store.get("c")).rejects.toMatchObject({ code: "STORE_LOST" });
    await settled();
    expect(await store.get("c")).toBe(2);
    expect(await store.alive(0)).toBe(2);
    expect([keeper.isThere, keeper.isGivenUp]).toEqual([true, false]);
    expect(logs).toEqual(["a thread is lost", "a thread runs again"]);
  });

  test("is tried again where the next one does not start", async () => {
    const { keeper, die, time, logs } = rig({ failing: 2 });
    const store = await keeper.start();
    die();
    await settled();
    expect(keeper.isThere).toBe(false);
    for (let round = 0; round < 3; round += 1) {
      time.advance(1000);
      await settled();
    }
    expect(keeper.isThere).toBe(true);
    expect(await store.get("c")).toBe(4);
    expect(logs.filter((line) => line === "a thread could not be started again")).toHaveLength(2);
  });

  test("is given up when it is lost again and again, and then says so", async () => {
    const { keeper, die } = rig();
    await keeper.start();
    for (let loss = 0; loss < 6; loss += 1) {
      die();
      await settled();
    }
    expect([keeper.isThere, keeper.isGivenUp]).toEqual([false, true]);
    await keeper.stop();
  });

  test("is not brought back once the engine stops", async () => {
    const { keeper, logs } = rig();
    const store = await keeper.start();
    await store.close();
    await settled();
    expect(keeper.isThere).toBe(false);
    expect(logs).toEqual([]);
  });
});
