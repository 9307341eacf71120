import { describe, expect, test } from "vitest";
import { whyNotValid } from "./call-result.js";
import { checksumOf, spreadOf } from "./figures.js";

describe("figures", () => {
  test("a spread is the median between the least and the most", () => {
    expect(spreadOf([3, 1, 2], 2)).toEqual({ median: 2, min: 1, max: 3 });
    expect(spreadOf([1, 2], 2)).toEqual({ median: 1.5, min: 1, max: 2 });
    expect(() => spreadOf([], 2)).toThrow("no values");
  });

  test("a checksum is of what was heard, in whatever order", () => {
    expect(checksumOf(["b", "a"])).toBe(checksumOf(["a", "b"]));
    expect(checksumOf(["a", "c"])).not.toBe(checksumOf(["a", "b"]));
    expect(checksumOf([])).toMatch(/^[0-9a-f]{8}$/);
  });
});

describe("a run", () => {
  test("counts while the generator keeps its own pace", () => {
    expect(whyNotValid({ cores: 0.5, lateP99Ms: 3, lateMaxMs: 40 })).toEqual([]);
  });

  test("does not count when the generator was late, or out of CPU", () => {
    expect(whyNotValid({ cores: 0.5, lateP99Ms: 10.5, lateMaxMs: 40 })).toHaveLength(1);
    expect(whyNotValid({ cores: 0.99, lateP99Ms: 30, lateMaxMs: 40 })).toHaveLength(2);
  });
});
