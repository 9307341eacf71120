import { describe, expect, test } from "vitest";
import { outcomeOf, outcomeOfQ850, outcomeOfSip } from "./outcome.js";

describe("the outcome of an attempt", () => {
  test.each([
    // SIP status, Q.850 as Asterisk 22 gives it for that status, outcome: seen on a real one.
    [486, 17, "busy"],
    [600, 17, "busy"],
    [403, 21, "rejected"],
    [603, 21, "rejected"],
    [404, 1, "invalid_number"],
    [604, 1, "invalid_number"],
    [410, 22, "invalid_number"],
    [484, 28, "invalid_number"],
    [480, 19, "no_answer"],
    [408, 18, "no_answer"],
    [488, 58, "media_mismatch"],
    [500, 38, "congestion"],
    [503, 34, "congestion"],
    [487, 127, "cancelled"],
    [607, 127, "rejected"],
  ] as const)("SIP %i with Q.850 %i is %s", (sip, q850, outcome) => {
    const ending = { isAnswered: false, isCancelled: false, q850, sip };
    expect(outcomeOf(ending)).toEqual({ outcome, cause: `Q.850 ${q850}, SIP ${sip}` });
  });

  test("an answered call was answered, however it ended", () => {
    const ending = { isAnswered: true, isCancelled: true, q850: 17, sip: undefined };
    expect(outcomeOf(ending)).toEqual({ outcome: "answered", cause: "Q.850 17" });
  });

  test("a call we gave up was cancelled, whatever the network makes of that", () => {
    const ending = { isAnswered: false, isCancelled: true, q850: 19, sip: 480 };
    expect(outcomeOf(ending).outcome).toBe("cancelled");
  });

  test("a cause nobody knows has failed, and is kept", () => {
    const ending = { isAnswered: false, isCancelled: false, q850: 127, sip: undefined };
    expect(outcomeOf(ending)).toEqual({ outcome: "failed", cause: "Q.850 127" });
    expect(outcomeOf({ isAnswered: false, isCancelled: false }).cause).toBe("none given");
    expect([outcomeOfQ850(0), outcomeOfSip(200)]).toEqual([undefined, undefined]);
  });
});
