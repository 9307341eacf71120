import { afterEach, expect, test } from "vitest";
import { nodeThreadHost, nodeTime } from "../../base/node-ports.js";
import type { ThreadHandle } from "../../base/ports.js";
import { inspectorStack } from "./blocked-stack.js";

const threads: ThreadHandle[] = [];
afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.terminate();
});

/** A thread that runs `source` when it is told to begin; resolves when it has. */
async function thread(name: string, source: string): Promise<ThreadHandle> {
  const module = `
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", () => parentPort.postMessage("echo"));
    const began = () => parentPort.postMessage("began");
    ${source}`;
  const entry = new URL(`data:text/javascript,${encodeURIComponent(module)}`);
  const handle = nodeThreadHost.spawn({ name, entry, data: undefined });
  threads.push(handle);
  await new Promise<void>((resolve) => handle.onMessage(() => resolve()));
  return handle;
}
const spin = (untilMs: number) => `
  function countForEver(endMs) { for (; performance.now() < endMs;); }
  function hook() { countForEver(performance.now() + ${untilMs}); }
  began();
  setTimeout(hook, 0);`;

test("the stack of a thread in an endless loop names what it is in, and the thread can be ended", async () => {
  const stuck = await thread("stuck-0", spin(Infinity));
  await thread("stuck-01", "began();");
  const stack = await inspectorStack(nodeTime()).take("stuck-0");
  // Whatever the loop calls may be on top of it.
  expect(stack?.join("\n")).toMatch(/^countForEver \(data:….*\nhook \(data:…/m);
  await stuck.terminate();
});

test("a thread whose stack was taken goes on afterwards, also when nothing blocks it", async () => {
  const time = nodeTime();
  for (const source of [spin(300), "began(); setInterval(() => {}, 10);"]) {
    const handle = await thread("goes-on", source);
    await inspectorStack(time).take("goes-on");
    const echo = new Promise<unknown>((resolve) => handle.onMessage(resolve));
    handle.post("anybody there?");
    expect(await echo).toBe("echo");
    await handle.terminate();
  }
});

test("a thread that is not there, or is ended meanwhile, has none, and nothing waits for it", async () => {
  const time = nodeTime();
  expect(await inspectorStack(time).take("nobody")).toBeUndefined();
  const stuck = await thread("ended", spin(Infinity));
  const taken = inspectorStack(time).take("ended");
  await stuck.terminate();
  expect([undefined, expect.any(Array)]).toContainEqual(await taken);
});
