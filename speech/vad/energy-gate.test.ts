import { describe, expect, it } from "vitest";
import { createEnergyGate, energyDefaults } from "./energy-gate.js";

const rateHz = 8000;
const frameSamples = 160;

/** Noise of a level (dB to full scale), deterministic: white enough for a mean square. */
function noise(levelDb: number, frames: number, seed = 1): Int16Array[] {
  const peak = 32768 * 10 ** (levelDb / 20) * Math.sqrt(3);
  let state = seed;
  return Array.from({ length: frames }, () =>
    Int16Array.from({ length: frameSamples }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return peak * (state / 2 ** 31 - 1);
    }),
  );
}

/** One character a frame, as if the other detector always said speech. */
function judge(frames: readonly Int16Array[]): string {
  const gate = createEnergyGate(rateHz, energyDefaults);
  let isLoud = false;
  let judged = "";
  for (const frame of frames) {
    isLoud = gate.isLoud(frame, isLoud);
    judged += isLoud ? "#" : ".";
  }
  return judged;
}

describe("the energy gate", () => {
  it("is closed to digital silence and to a quiet line", () => {
    expect(judge(noise(-96, 100))).toBe(".".repeat(100));
    expect(judge(noise(-55, 100))).toBe(".".repeat(100));
  });
  it("opens for what stands out of the line at once, and closes with it at once", () => {
    expect(judge([...noise(-60, 50), ...noise(-30, 20), ...noise(-60, 50)])).toBe(
      ".".repeat(50) + "#".repeat(20) + ".".repeat(50),
    );
  });
  it("holds on to an ending that would be too weak to begin", () => {
    const frames = [...noise(-70, 50), ...noise(-53, 5), ...noise(-30, 5), ...noise(-53, 5)];
    expect(judge(frames).slice(50)).toBe("....." + "##########");
  });
  it("learns a louder line within a second and a half, and still hears speech on it", () => {
    const heard = judge([...noise(-70, 100), ...noise(-38, 100), ...noise(-20, 10)]);
    expect(heard.slice(100, 110)).toBe("##########");
    expect(heard.slice(175)).toBe(".".repeat(25) + "##########");
  });
  it("learns a quieter line at its first frame", () => {
    const frames = [...noise(-35, 100), ...noise(-70, 1), ...noise(-45, 5)];
    expect(judge(frames).slice(100)).toBe(".#####");
  });
  it("hears who talks from the first frame of the stream on", () => {
    expect(judge(noise(-25, 20))).toBe("#".repeat(20));
  });
  it("knows mains hum by its pitch", () => {
    const hum = (rate: number, samples: number) =>
      Int16Array.from({ length: samples }, (_, index) => {
        const angle = (2 * Math.PI * 50 * index) / rate;
        return 3000 * Math.sin(angle) + 300 * Math.sin(2 * angle);
      });
    for (const rate of [8000, 48_000]) {
      const gate = createEnergyGate(rate, energyDefaults);
      const signal = hum(rate, rate);
      for (let at = 0; at < rate; at += rate / 50) {
        expect(gate.isLoud(signal.subarray(at, at + rate / 50), false)).toBe(false);
      }
    }
  });
  it("is as new after a reset", () => {
    const gate = createEnergyGate(rateHz, energyDefaults);
    const fresh = createEnergyGate(rateHz, energyDefaults);
    for (const frame of noise(-20, 100)) gate.isLoud(frame, false);
    gate.reset();
    for (const frame of [...noise(-38, 30, 7), ...noise(-25, 30, 9)]) {
      expect(gate.isLoud(frame, false)).toBe(fresh.isLoud(frame, false));
    }
  });
});
