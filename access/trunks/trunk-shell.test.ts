import { describe, expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import { invalidNumber, TrunkShell, type Listener, type ShellAttempt } from "./trunk-shell.js";
import type { TrunkEvent } from "./trunk.js";

/** An attempt that does what it is told, and ends when the test says so. */
function rig() {
  const time = virtualTime();
  const logs: string[] = [];
  const log = (_level: string, message: string): void => void logs.push(message);
  const shell = new TrunkShell<ShellAttempt>({ name: "sip", peer: "Asterisk", time, log });
  const deeds: string[] = [];
  const dial = (key: string, more: { isHandedOn?: boolean; problem?: "number" } = {}) => {
    const seen: TrunkEvent[] = [];
    let end = (_cause: string): void => undefined;
    const make = (wiring: { readonly listener: Listener; readonly done: () => void }) => {
      end = (cause) => {
        wiring.done();
        wiring.listener({ kind: "ended", outcome: "unknown", cause });
      };
      return {
        isHandedOn: more.isHandedOn === true,
        dial: () => Promise.resolve(void deeds.push(`dial ${key}`)),
        hangup: () => void deeds.push(`hang up ${key}`),
        giveUp: (cause: string) => end(cause),
        transfer: () => Promise.resolve(),
        sendDtmf: () => Promise.resolve(),
      };
    };
    const problem = more.problem === undefined ? undefined : invalidNumber("no number");
    shell.originate({ key, problem, listener: (event) => seen.push(event), make });
    return { seen, end: (cause: string) => end(cause) };
  };
  const start = async (): Promise<void> => {
    const started = shell.start("http://a", () => undefined);
    shell.up();
    await started;
  };
  return { time, shell, dial, deeds, logs, start };
}

const causesOf = (seen: readonly TrunkEvent[]): string[] =>
  seen.flatMap((event) => (event.kind === "ended" ? [event.cause] : []));

describe("what trunks are alike in", () => {
  test("one that does not come up in ten seconds has not started, and says what was wrong", async () => {
    const { shell, time, dial } = rig();
    const started = shell.start("http://a", () => shell.lost("connection refused"));
    time.advance(9999);
    time.advance(1);
    await expect(started).rejects.toThrowError(
      "trunk sip: no Asterisk at http://a within 10000 ms: connection refused",
    );
    const { seen } = dial("c");
    time.settle();
    expect(causesOf(seen)).toEqual(["the trunk is down: stopped"]);
    expect(time.pendingCount).toBe(0);
  });

  test("what cannot be dialled, has its id taken or finds no network ends before anybody is asked", async () => {
    const { start, dial, time, deeds, shell } = rig();
    const early = dial("early");
    await start();
    dial("c");
    const [twin, wrong] = [dial("c"), dial("d", { problem: "number" })];
    shell.lost("gone");
    const late = dial("late");
    time.settle();
    expect([early, twin, wrong, late].map(({ seen }) => causesOf(seen))).toEqual([
      ["the trunk is down: not started"],
      ["another attempt has this call id"],
      ["no number"],
      ["the trunk is down: gone"],
    ]);
    expect(deeds).toEqual(["dial c"]);
  });

  test("a network that is gone for a minute takes its attempts along, however often it is tried", async () => {
    const { start, dial, time, shell, logs } = rig();
    await start();
    const { seen } = dial("c");
    for (let tries = 0; tries < 12; tries += 1) {
      shell.lost("refused");
      time.advance(4999);
    }
    expect(seen).toEqual([]);
    time.advance(60);
    expect(causesOf(seen)).toEqual(["no Asterisk for 60000 ms: refused"]);
    expect(logs.filter((line) => line === "the trunk lost its Asterisk")).toHaveLength(1);
  });

  test("one that comes back in time keeps its attempts", async () => {
    const { start, dial, time, shell } = rig();
    await start();
    const { seen } = dial("c");
    shell.lost("refused");
    time.advance(59_000);
    shell.up();
    time.advance(60_000);
    expect(seen).toEqual([]);
    expect(shell.health()).toEqual({ isUp: true, attempts: 1 });
  });

  test("a stop hangs up who talks to us, leaves alone who was handed on, and waits no longer than 2 s", async () => {
    const { start, dial, time, shell, deeds } = rig();
    await start();
    const [ends, stuck, handedOn] = [dial("a"), dial("b"), dial("c", { isHandedOn: true })];
    const stopped = shell.stop();
    expect(deeds.slice(3)).toEqual(["hang up a", "hang up b"]);
    ends.end("Q.850 16");
    time.advance(2000);
    await stopped;
    time.settle();
    expect([ends, stuck, handedOn].map(({ seen }) => causesOf(seen))).toEqual([
      ["Q.850 16"],
      ["the trunk was stopped"],
      ["handed on; the trunk was stopped"],
    ]);
    expect(shell.health()).toEqual({ isUp: false, note: "stopped", attempts: 0 });
    expect(time.pendingCount).toBe(0);
  });

  test("starts anew after a stop", async () => {
    const { start, dial, shell, deeds } = rig();
    await start();
    await shell.stop();
    await start();
    dial("c");
    expect(deeds).toEqual(["dial c"]);
  });
});
