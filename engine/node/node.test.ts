import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MessagePort } from "node:worker_threads";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { plainAttempt } from "../../access/trunks/plain-attempt.js";
import type { Trunk } from "../../access/trunks/trunk.js";
import { limitTrunk } from "../../access/trunks/limited-trunk.js";
import type { TrunkLimits } from "../../access/trunks/trunk-limits.js";
import { nodeTime } from "../../base/node-ports.js";
import { Histogram } from "../../base/histogram.js";
import type { ThreadExit, ThreadHandle, ThreadHost } from "../../base/ports.js";
import { defaultConfig } from "../../config/default-config.js";
import type { StoreReply, StoreRequest } from "../../storage/store-messages.js";
import { createNode } from "./node.js";

const flowFile = fileURLToPath(new URL("../../test/flows/two-keys.yaml", import.meta.url));
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

type Put = { readonly answer: (ok: boolean) => void };

/** Threads that say they are ready and do nothing; what the store answers to puts is the test's. */
function fakeHost(options: { readonly failing?: string } = {}) {
  const running = new Set<string>();
  const puts: Put[] = [];
  let putArrived: (() => void) | undefined;
  const handle = () => new Histogram().handle;
  const readyOf = (name: string): unknown => {
    if (name === options.failing) {
      return { kind: "failed", error: { code: "PORT_TAKEN", message: "the port is taken" } };
    }
    if (name === "gateway-0") return { kind: "listening", port: 1, frameOut: handle() };
    return {
      kind: "ready",
      frameIn: handle(),
      frameHeld: handle(),
      turn: handle(),
      turnEngine: handle(),
    };
  };
  const serveStore = (port: MessagePort): void => {
    port.on("message", (request: StoreRequest) => {
      if (request.op !== "put") {
        const value = request.op === "liveCalls" ? { calls: [] } : undefined;
        return port.postMessage({ id: request.id, ok: true, value } satisfies StoreReply);
      }
      const error = { code: "DISK_FULL", message: "the disk is full", detail: {} };
      puts.push({
        answer(ok) {
          const { id } = request;
          const reply: StoreReply = ok
            ? { id, ok: true, value: undefined }
            : { id, ok: false, error };
          port.postMessage(reply);
        },
      });
      putArrived?.();
    });
  };
  const host: ThreadHost = {
    channel: () => new MessageChannel(),
    spawn({ name }): ThreadHandle {
      let exit: (exit: ThreadExit) => void = () => undefined;
      const storePorts: MessagePort[] = [];
      const exited: ((exit: ThreadExit) => void)[] = [];
      exit = (how) => {
        if (running.delete(name)) exited.forEach((run) => run(how));
        for (const port of storePorts) port.close();
      };
      running.add(name);
      return {
        name,
        onMessage: (receive) => void queueMicrotask(() => receive(readyOf(name))),
        onExit: (run) => void exited.push(run),
        post(message) {
          const command = message as { kind: string; port?: MessagePort };
          if (command.kind === "connect") {
            storePorts.push(command.port!);
            serveStore(command.port!);
          }
          if (command.kind === "stop" || command.kind === "close") exit({ exitCode: 0 });
        },
        terminate: () => Promise.resolve(exit({ exitCode: 1 })),
      };
    },
  };
  const nextPut = async (): Promise<Put> => {
    if (puts.length === 0) await new Promise<void>((resolve) => (putArrived = resolve));
    return puts.shift()!;
  };
  return { host, running, nextPut };
}

function nodeWith(fake: ReturnType<typeof fakeHost>, limits: TrunkLimits = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), "voxtree-node-"));
  folders.push(dataDir);
  const config = defaultConfig({
    storage: { dataDir },
    flows: [flowFile],
    trunks: [],
    recognition: { isEnabled: false },
    threads: { shardCount: 2, jobWorkerCount: 1 },
  });
  let dialled = 0;
  const trunk: Trunk = {
    name: "fake",
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    health: () => ({ isUp: true, attempts: dialled }),
    originate() {
      dialled += 1;
      return plainAttempt(() => undefined, "fake");
    },
  };
  const limited = limitTrunk(trunk, limits, nodeTime());
  const node = createNode(config, { threadHost: fake.host, trunks: [limited] });
  return { node, dialledCount: () => dialled };
}

const request = {
  userId: "u",
  flow: "two-keys",
  trunk: "fake",
  to: "x",
  variables: { name: "Anna" },
};

describe("a start", () => {
  test("that fails leaves no thread running, and a stop after it has nothing to do", async () => {
    const fake = fakeHost({ failing: "gateway-0" });
    const { node } = nodeWith(fake);
    await expect(node.start()).rejects.toMatchObject({ code: "PORT_TAKEN" });
    expect([...fake.running]).toEqual([]);
    await node.stop();
  });

  test("that fails at one shard ends the other one too", async () => {
    const fake = fakeHost({ failing: "shard-0" });
    const { node } = nodeWith(fake);
    await expect(node.start()).rejects.toMatchObject({ code: "PORT_TAKEN" });
    expect([...fake.running]).toEqual([]);
  });

  test("that is stopped in the middle is stopped once it is through", async () => {
    const fake = fakeHost();
    const { node } = nodeWith(fake);
    const started = node.start();
    await node.stop();
    await started;
    expect([...fake.running]).toEqual([]);
  });
});

describe("a call whose intent cannot be stored", () => {
  test("is refused, not dialled, and gives its slot back", async () => {
    const fake = fakeHost();
    const { node, dialledCount } = nodeWith(fake);
    await node.start();
    const call = expect(node.startCall(request)).rejects.toMatchObject({ code: "DISK_FULL" });
    (await fake.nextPut()).answer(false);
    await call;
    expect(node.health().liveCalls).toBe(0);
    expect(dialledCount()).toBe(0);
    await node.stop();
  });

  test("nor is one dialled when the engine began to drain meanwhile", async () => {
    const fake = fakeHost();
    const { node, dialledCount } = nodeWith(fake);
    await node.start();
    const call = expect(node.startCall(request)).rejects.toMatchObject({
      code: "ADMISSION_REFUSED",
    });
    const intent = await fake.nextPut();
    const stopped = node.stop();
    intent.answer(true);
    await call;
    (await fake.nextPut()).answer(true);
    await stopped;
    expect(dialledCount()).toBe(0);
    expect([...fake.running]).toEqual([]);
  });
});

describe("a trunk whose lines are taken", () => {
  test("refuses a call before it exists; one that was not dialled has given its line back", async () => {
    const fake = fakeHost();
    const { node, dialledCount } = nodeWith(fake, { attemptsMax: 1 });
    await node.start();
    const first = expect(node.startCall(request)).rejects.toMatchObject({ code: "DISK_FULL" });
    (await fake.nextPut()).answer(false);
    await first;
    const second = expect(node.startCall(request)).rejects.toMatchObject({ code: "DISK_FULL" });
    await expect(node.startCall(request)).rejects.toMatchObject({
      code: "ADMISSION_REFUSED",
      message: "no new call now: all 1 lines of trunk fake are taken",
      detail: { retryAfterSeconds: 1 },
    });
    expect(node.health().liveCalls).toBe(1);
    (await fake.nextPut()).answer(false);
    await second;
    expect(dialledCount()).toBe(0);
    await node.stop();
  });
});
