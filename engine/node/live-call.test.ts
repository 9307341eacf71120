import { encode } from "@msgpack/msgpack";
import { expect, test } from "vitest";
import { newView } from "./call-view.js";
import { decodeLiveCall, encodeLiveCall, liveCallForm, type LiveCall } from "./live-call.js";

const request = { userId: "u", flow: "two-keys", trunk: "t", to: "x" };
const call: LiveCall = {
  spec: {
    callId: "call-1",
    userId: "u",
    flowId: "two-keys",
    variables: { name: "Anna" },
    isRecorded: true,
    answerMsMax: 1,
    durationMsMax: 2,
  },
  view: { ...newView("call-1", request, 7), status: "live", state: "first" },
  memory: new Uint8Array([1, 2, 3]),
  losses: 1,
  clockOffsetMs: 1_700_000_000_000.25,
};
const codeOf = (bytes: Uint8Array, callId = "call-1"): string => {
  try {
    decodeLiveCall(callId, bytes);
    return "no error";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
};

test("a live call comes back as it was, also before its answer", () => {
  expect(decodeLiveCall("call-1", encodeLiveCall(call))).toEqual(call);
  const { memory: _, ...dialling } = call;
  expect(decodeLiveCall("call-1", encodeLiveCall(dialling))).toEqual(dialling);
});

test("one that is cut at any byte, or has a byte changed, never comes back as something else", () => {
  const bytes = encodeLiveCall(call);
  for (let at = 0; at < bytes.length; at += 1) {
    expect(codeOf(bytes.subarray(0, at)), `cut at ${at}`).toBe("LIVE_CALL_CORRUPT");
    for (const flip of [1, 0x80, 0xff]) {
      const altered = bytes.slice();
      altered[at]! ^= flip;
      // A changed letter of a text is the seal's business; nothing else than these may happen.
      const codes = ["LIVE_CALL_CORRUPT", "LIVE_CALL_NEWER", "no error"];
      expect(codes).toContain(codeOf(altered));
    }
  }
});

test("what is not a live call, or another one, says so and shows nothing of it", () => {
  for (const value of [null, 7, [], [0, call], [1], [1, {}], ["1", call], [1.5, call]]) {
    expect(codeOf(encode(value)), JSON.stringify(value)).toBe("LIVE_CALL_CORRUPT");
  }
  expect(codeOf(encodeLiveCall(call), "call-2")).toBe("LIVE_CALL_CORRUPT");
  const wrong = { ...call, spec: { ...call.spec, variables: { name: 5 } } };
  expect(() => decodeLiveCall("call-1", encode([1, wrong]))).toThrow(/wrong field spec.variables/);
});

test("a newer form is refused, an older one is lifted step by step", () => {
  expect(codeOf(encode([liveCallForm + 1, call]))).toBe("LIVE_CALL_NEWER");
  const { losses: _, ...older } = call;
  const steps = {
    1: (one: unknown) => ({ ...(one as object), lost: 2 }),
    2: (one: unknown) => ({ ...(one as object), losses: (one as { lost: number }).lost }),
  };
  const known = { steps, form: 3 };
  expect(decodeLiveCall("call-1", encode([1, older]), known)).toEqual({ ...call, losses: 2 });
  const broken = { steps: { 1: () => JSON.parse("{") as unknown }, form: 2 };
  expect(() => decodeLiveCall("call-1", encode([1, older]), broken)).toThrow(/older form/);
  expect(() => decodeLiveCall("call-1", encode([1, older]), { steps: {}, form: 2 })).toThrow(
    /no build ever wrote form 1/,
  );
});
