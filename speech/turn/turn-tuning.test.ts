import { describe, expect, test } from "vitest";
import { fittedTuning, turnDefaults } from "./turn-tuning.js";

describe("what a flow says about turns", () => {
  test("changes what it names, in whole steps, and nothing else", () => {
    expect(fittedTuning({})).toEqual(turnDefaults);
    const fitted = fittedTuning({ freeSilenceMs: 1504 });
    expect(fitted).toEqual({ ...turnDefaults, freeSilenceMs: 1500 });
  });

  test("wins against a default that contradicts it", () => {
    expect(fittedTuning({ silenceMs: 300 })).toMatchObject({
      silenceMs: 300,
      completeSilenceMs: 300,
    });
    expect(fittedTuning({ silenceMs: 2000 })).toMatchObject({
      silenceMs: 2000,
      digitsSilenceMs: 2000,
      unknownSilenceMs: 2000,
    });
    expect(fittedTuning({ bargeInSpeechMs: 700 })).toMatchObject({
      bargeInSpeechMs: 700,
      bargeInWindowMs: 700,
      bargeInSureMs: 700,
    });
  });

  test("is made to fit where it contradicts itself: the larger limit grows", () => {
    const fitted = fittedTuning({ silenceMs: 200, completeSilenceMs: 3000, turnMsMax: 1000 });
    expect(fitted).toMatchObject({ completeSilenceMs: 3000, silenceMs: 3000 });
    expect(fitted.turnMsMax).toBeGreaterThanOrEqual(3000);
  });
});
