import { describe, expect, test } from "vitest";
import { OptionError, parseOptions } from "./parse-options.js";

const specs = {
  calls: { kind: "count", default: 10, max: 500, help: "" },
  line: { kind: "word", words: ["native", "twilio"], default: "native", help: "" },
  json: { kind: "flag", help: "" },
} as const;

describe("options of a bench", () => {
  test("have their defaults, and what was given instead", () => {
    expect(parseOptions(specs, []).values).toEqual({ calls: 10, line: "native", json: false });
    const { values, positionals } = parseOptions(specs, ["a", "--calls", "7", "--json"]);
    expect(values).toEqual({ calls: 7, line: "native", json: true });
    expect(positionals).toEqual(["a"]);
  });

  test.each([
    [["--calls", "0"], "--calls 0: give a whole number from 1 to 500"],
    [["--calls", "ten"], "--calls ten: give a whole number from 1 to 500"],
    [["--calls", "1.5"], "--calls 1.5: give a whole number from 1 to 500"],
    [["--line", "smoke"], "--line smoke: give one of native, twilio"],
    [["--cals", "1"], "Unknown option '--cals'"],
  ])("that are wrong say what is right: %j", (args, message) => {
    expect(() => parseOptions(specs, args)).toThrow(new OptionError(message));
  });
});
