import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, formatSize, parseDuration, parseSize } from "./units.js";

describe("durations and sizes", () => {
  it.each([
    ["5s", 5000],
    ["200ms", 200],
    ["10m", 600_000],
    ["1.5h", 5_400_000],
    ["0.1s", 100],
    ["0.3s", 300],
    ["5 s", 5000],
    ["0ms", 0],
  ])("read %s as %d ms", (text, valueMs) => expect(parseDuration(text)).toBe(valueMs));

  it.each(["", "5", "s", "-5s", "5S", "5sec", "1e3s", "0.5ms", "5s5s", "٥s", "9999999999999h"])(
    "refuse %j as a duration",
    (text) => expect(parseDuration(text)).toBeUndefined(),
  );

  it.each([
    ["64KiB", 65_536],
    ["1.5MiB", 1_572_864],
    ["7B", 7],
    ["1GiB", 1_073_741_824],
  ])("read %s as %d bytes", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each(["64KB", "64k", "0.3KiB", "constructor", "1toString"])("refuse %j as a size", (text) =>
    expect(parseSize(text)).toBeUndefined(),
  );

  it("are written as they are read", () => {
    const amount = fc.integer({ min: 0, max: 2 ** 36 });
    fc.assert(
      fc.property(amount, (value) => {
        expect(parseDuration(formatDuration(value))).toBe(value);
        expect(parseSize(formatSize(value))).toBe(value);
      }),
    );
    expect(formatDuration(90_000)).toBe("90s");
    expect(formatSize(1_048_576)).toBe("1MiB");
  });
});
