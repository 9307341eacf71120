import { describe, expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import { Admission, admissionLimits, type LoadSample } from "./admission.js";
import { LoadMeter, sampleMs, type LoadReadings } from "./load-meter.js";

const good: LoadSample = { frames: 10_000, lateFrames: 0, loopLagMs: 5, ringFill: 0.01 };
const late: LoadSample = { ...good, lateFrames: 50 };
const many = 200;

function after(...samples: LoadSample[]): Admission {
  const admission = new Admission();
  for (const sample of samples) admission.measured(sample);
  return admission;
}

describe("a call is taken", () => {
  test("while frames are on time", () => {
    expect(after(good, good).judge(0, many)).toBeUndefined();
  });

  test("after a single stall: it is not what calls do", () => {
    const admission = after(good, late, good);
    expect(admission.judge(0, many)).toBeUndefined();
    expect(admission.overload).toBeUndefined();
  });

  test("on a machine that is late with a few calls: fewer would not help", () => {
    expect(after(late, late).judge(0, admissionLimits.callsMin - 1)).toBeUndefined();
  });
});

describe("a call is refused", () => {
  test.each<[string, Partial<LoadSample>, string]>([
    ["late frames", { lateFrames: 50 }, "0.5 % of the frames took over 20 ms, 0.2 % is the limit"],
    [
      "a loop that is held up",
      { loopLagMs: 80 },
      "a thread was held up for 80 ms, 60 is the limit",
    ],
    ["a full ring", { ringFill: 0.6 }, "a ring is 60 % full, 50 % is the limit"],
    [
      "recognisers that are all in use",
      { leases: { inUse: 16, total: 16 } },
      "16 of 16 recognisers are in use, 90 % is the limit",
    ],
  ])("for %s, twice in a row", (_what, change, why) => {
    const sample = { ...good, ...change };
    const admission = after(sample, sample);
    expect(admission.judge(0, many)).toEqual({ why, retryAfterSeconds: 5 });
    expect(admission.overload).toBe(why);
  });

  test("at once when a reading is far over its limit", () => {
    expect(after({ ...good, lateFrames: 300 }).judge(0, many)).toBeDefined();
  });

  test("until things have been well for a while, and by the reason it was refused for first", () => {
    const admission = after(late, late);
    for (let sample = 1; sample < admissionLimits.recoverySamples; sample += 1) {
      admission.measured(good);
      expect(admission.judge(0, many)?.why).toContain("of the frames");
    }
    admission.measured(good);
    expect(admission.judge(0, many)).toBeUndefined();
  });
});

describe("newcomers", () => {
  function takenInARow(admission: Admission, liveCalls: number): number {
    let taken = 0;
    while (admission.judge(0, liveCalls + taken) === undefined && taken < 10_000) {
      admission.taken(0);
      taken += 1;
    }
    return taken;
  }

  test("are as many at once as the engine can be expected to bear unseen", () => {
    const admission = after(good);
    expect(takenInARow(admission, many)).toBe(admissionLimits.newcomersMin);
    expect(admission.judge(0, 450)).toEqual({
      why: "120 calls were taken in the last 3000 ms",
      retryAfterSeconds: 3,
    });
    expect(admission.judge(3000, 450)).toBeUndefined();
  });

  test("are few when a reading is over half its limit, and the refusal says which", () => {
    const admission = after({ ...good, loopLagMs: 40 });
    expect(takenInARow(admission, many)).toBe(admissionLimits.strainedMin);
    expect(admission.judge(0, many)?.why).toContain("held up for 40 ms");
  });
});

describe("the meter", () => {
  function meter(readings: Partial<LoadReadings>[]) {
    const time = virtualTime();
    const samples: LoadSample[] = [];
    const none: LoadReadings = { frames: 0, lateFrames: 0, loopLagMs: 0, ringFill: 0 };
    const left = [...readings];
    const read = (): LoadReadings => ({ ...none, ...left.shift() });
    const running = new LoadMeter({ time, read, sampled: (sample) => samples.push(sample) });
    return { time, samples, running };
  }

  test("samples what came since the last look", () => {
    const { time, samples, running } = meter([
      { frames: 100, lateFrames: 1 },
      { frames: 300, lateFrames: 4, loopLagMs: 7, ringFill: 0.2 },
    ]);
    time.advance(2 * sampleMs);
    running.stop();
    expect(samples).toEqual([
      { frames: 100, lateFrames: 1, loopLagMs: 0, ringFill: 0 },
      { frames: 200, lateFrames: 3, loopLagMs: 7, ringFill: 0.2 },
    ]);
  });

  test("takes figures that were begun anew as they are", () => {
    const { time, samples, running } = meter([{ frames: 100, lateFrames: 9 }, { frames: 20 }]);
    time.advance(2 * sampleMs);
    running.stop();
    expect(samples[1]).toMatchObject({ frames: 20, lateFrames: 0 });
  });
});
