import { afterAll, beforeAll, describe, test } from "vitest";
import { trunkConformance, type TrunkHarness } from "../../access/trunks/trunk-conformance.js";
import { nodeTime } from "../../base/node-ports.js";
import { createFlite } from "../../speech/tts/flite.js";
import { createLoopbackTrunk } from "./loopback-trunk.js";
import { parseScript } from "./script-source.js";
import { TinyGateway, type TinyCall } from "./tiny-gateway.js";

const scripts = [
  `{ id: answers, flow: f, expectOutcome: x, answer: { after: 10ms },
    turns: [{ interruptAfter: 200ms, then: hangup }] }`,
  "{ id: busy, flow: f, expectOutcome: busy, answer: busy }",
  "{ id: silent, flow: f, expectOutcome: no_answer, answer: noAnswer }",
  "{ id: rejects, flow: f, expectOutcome: rejected, answer: reject }",
].map((text) => parseScript(text, "test.yaml"));

describe("the loopback trunk", () => {
  let harness: TrunkHarness;
  let gateway: TinyGateway;

  beforeAll(async () => {
    const time = nodeTime();
    const synthesizer = await createFlite();
    gateway = new TinyGateway({ time, synthesizer, token: "secret" });
    await gateway.open();
    const trunk = createLoopbackTrunk({ scripts, time, isRecognizing: false });
    await trunk.start();
    const calls: TinyCall[] = [];
    const callOf = async (callId: string): Promise<TinyCall> => {
      for (;;) {
        const call = calls.find(({ start }) => start.callId === callId);
        if (call !== undefined) return call;
        calls.push(await gateway.nextCall());
      }
    };
    harness = {
      trunk,
      time,
      callees: {
        answers: "answers",
        busy: "busy",
        silent: "silent",
        rejects: "rejects",
        unknown: "x",
      },
      mediaUrl: gateway.url,
      token: "secret",
      // The script of the callee hangs up in the middle of what it is told.
      async calleeHangsUp(callId) {
        await (await callOf(callId)).say("I am going to tell you a long story now.");
      },
      leftOvers: () =>
        Promise.resolve(
          calls
            .filter(({ endReason }) => endReason === undefined)
            .map(({ start }) => start.callId!),
        ),
    };
  });
  afterAll(async () => {
    await harness.trunk.stop();
    await gateway.close();
  });

  for (const { name, isFor, run } of trunkConformance) {
    test(name, async (context) => {
      if (!isFor(harness)) context.skip("simulated callees cannot");
      await run(harness);
    });
  }
});
