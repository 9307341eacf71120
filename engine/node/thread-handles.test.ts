import { describe, expect, test } from "vitest";
import type { ThreadExit, ThreadHandle } from "../../base/ports.js";
import { virtualTime } from "../../base/virtual-time.js";
import { EngineThread } from "./thread-handles.js";

type Report =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly error: { code: string; message: string } };

function rig() {
  const time = virtualTime();
  const receivers: ((message: unknown) => void)[] = [];
  let exit: (exit: ThreadExit) => void = () => undefined;
  let terminations = 0;
  const handle: ThreadHandle = {
    name: "shard-0",
    post: () => undefined,
    onMessage: (receive) => void receivers.push(receive),
    onExit: (receive) => void (exit = receive),
    terminate() {
      terminations += 1;
      exit({ exitCode: 1 });
      return Promise.resolve();
    },
  };
  const thread = new EngineThread<{ kind: "stop" }, Report>(handle, time);
  const report = (message: Report): void => receivers.forEach((receive) => receive(message));
  return {
    time,
    thread,
    report,
    exit: (code: number) => exit({ exitCode: code }),
    count: () => terminations,
  };
}

describe("a thread that starts", () => {
  test("is left running once it is ready", async () => {
    const { thread, report, count, time } = rig();
    const ready = thread.ready("ready");
    report({ kind: "ready" });
    await ready;
    time.advance(60_000);
    expect(count()).toBe(0);
  });

  test("is ended when it takes too long, and counts as lost by nobody", async () => {
    const { thread, count, time } = rig();
    let losses = 0;
    thread.onLost(() => (losses += 1));
    const ready = expect(thread.ready("ready")).rejects.toMatchObject({ code: "THREAD_FAILED" });
    time.advance(20_001);
    await ready;
    expect([count(), losses]).toEqual([1, 0]);
  });

  test("is ended when it says that it failed, with what it said", async () => {
    const { thread, report, count } = rig();
    const ready = expect(thread.ready("ready")).rejects.toMatchObject({ code: "PORT_TAKEN" });
    report({ kind: "failed", error: { code: "PORT_TAKEN", message: "the port is taken" } });
    await ready;
    expect(count()).toBe(1);
  });
});
