import { describe, expect, test } from "vitest";
import type { Trunk, TrunkEvent } from "../../access/trunks/trunk.js";
import { nodeTime } from "../../base/node-ports.js";
import { CallRegistry } from "./call-registry.js";
import { newView } from "./call-view.js";
import { TrunkDesk } from "./trunk-desk.js";

const request = { userId: "u", flow: "f", trunk: "sip", to: "1" };

/** A desk with one call that is under way, and everything it did. */
function deskWithCall(transferred: Promise<void> = Promise.resolve()) {
  const did: unknown[][] = [];
  let tell!: (event: TrunkEvent) => void;
  const trunk: Trunk = {
    name: "sip",
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    health: () => ({ isUp: false, note: "the line is cut", attempts: 1 }),
    webhook: ({ hook }) => Promise.resolve({ status: 200, body: hook }),
    originate(_request, listener) {
      tell = listener;
      return {
        hangup: () => void did.push(["hangup at the trunk"]),
        transfer: (to) => {
          did.push(["transfer", to]);
          return transferred;
        },
        sendDtmf: (digits) => Promise.resolve(void did.push(["keys", digits])),
      };
    },
  };
  const calls = new CallRegistry(nodeTime());
  calls.add(newView("c1", request, 0), undefined);
  const threads = { tellGateway: (command: object) => void did.push([command]) };
  const desk = new TrunkDesk({
    calls,
    running: () => ({ trunks: new Map([["sip", trunk]]), threads }) as never,
    hangup: (callId, outcome) => void did.push(["end", callId, outcome]),
  });
  desk.dial(trunk, { callId: "c1", to: "1", mediaUrl: "", token: "", ringMsMax: 1 });
  return { desk, calls, did, tell: (event: TrunkEvent) => tell(event) };
}

describe("the trunks of an engine", () => {
  test("what a network tells of an attempt ends its call, with the cause, while it rings", () => {
    const { calls, did, tell } = deskWithCall();
    tell({ kind: "ringing" });
    tell({ kind: "ended", outcome: "busy", cause: "SIP 486" });
    expect(did).toEqual([["end", "c1", "busy"]]);
    expect(calls.find("c1")).toMatchObject({ cause: "SIP 486" });
  });

  test("after an answer the end of the attempt leaves the outcome to the flow", () => {
    const { calls, did, tell } = deskWithCall();
    calls.apply("c1", { kind: "answered", protocol: "p", format: "f" });
    tell({ kind: "ended", outcome: "answered", cause: "Q.850 16" });
    expect(did).toEqual([]);
  });

  test("a call whose media ends while it is handed on ends when that is settled, as what it was", async () => {
    const ended = { kind: "ended", outcome: "hung_up", durationMs: 2, recordedMs: 1 } as const;
    for (const isHandedOn of [true, false]) {
      let settle!: () => void;
      const transferred = new Promise<void>((resolve, reject) => {
        settle = () => (isHandedOn ? resolve() : reject(new Error("busy")));
      });
      const { desk } = deskWithCall(transferred);
      const told: unknown[] = [];
      expect(desk.holds("c1", ended, (event) => told.push(event))).toBe(false);
      const transfer = desk.transfer("c1", "2").catch(() => undefined);
      expect(desk.holds("c1", { kind: "keypad", digit: "1", atMs: 0 }, () => undefined)).toBe(
        false,
      );
      expect(desk.holds("c1", ended, (event) => told.push(event))).toBe(true);
      expect(told).toEqual([]);
      settle();
      await transfer;
      expect(told).toEqual([isHandedOn ? { ...ended, outcome: "transferred" } : ended]);
      expect(desk.holds("c1", ended, (event) => told.push(event))).toBe(false);
    }
  });

  test("keys beside the media go to the gateway, machine detection to the view", () => {
    const { calls, did, tell } = deskWithCall();
    tell({ kind: "dtmf", digit: "7" });
    tell({ kind: "answeredBy", who: "machine", cause: "machine_start" });
    expect(did).toEqual([[{ kind: "pressKey", callId: "c1", digit: "7" }]]);
    expect(calls.find("c1")!.answeredBy).toEqual({ who: "machine", cause: "machine_start" });
  });

  test("a transferred callee's call is over, and the callee is not hung up on", async () => {
    const { desk, did, tell } = deskWithCall();
    await desk.transfer("c1", "2");
    tell({ kind: "transferred" });
    desk.over("c1");
    expect(did).toEqual([
      ["transfer", "2"],
      ["end", "c1", "transferred"],
    ]);
    await expect(desk.transfer("c1", "2")).rejects.toThrow(/no call c1 is under way/);
  });

  test("a call that is over hangs up what it leaves, once", async () => {
    const { desk, did } = deskWithCall();
    await desk.sendKeys("c1", "12#");
    desk.over("c1");
    desk.over("c1");
    expect(did).toEqual([["keys", "12#"], ["hangup at the trunk"]]);
  });

  test("health says which trunk is down; requests from outside reach the trunk they name", async () => {
    const { desk } = deskWithCall();
    expect(desk.notes()).toEqual(["trunk sip is down: the line is cut"]);
    const from = { method: "POST", url: "https://x/", hook: "answer", headers: {}, body: "" };
    expect(await desk.webhook("sip", from)).toEqual({ status: 200, body: "answer" });
    expect(await desk.webhook("other", from)).toEqual({ status: 404 });
  });
});
