import { describe, expect, test } from "vitest";
import { parseLines } from "../report/result-lines.js";
import type { ResultLine } from "../support/bench.js";
import { compareLines, formatComparison } from "./compare.js";

const machine = { machine: "m", node: "v20", at: "2026-01-01T00:00:00.000Z" };
function line(commit: string, figures: object): ResultLine {
  return { bench: "media", calls: 100, isValid: true, commit, ...machine, ...figures };
}

describe("two results", () => {
  const before = line("aaa", {
    coresPerCall: 0.002,
    coresPerCallSpread: [0.0019, 0.0021],
    frameMs: { p999: 10, count: 5 },
    turnMs: { p95: 200 },
  });
  const after = line("bbb", {
    coresPerCall: 0.001,
    coresPerCallSpread: [0.0009, 0.0011],
    frameMs: { p999: 25, count: 9 },
    turnMs: { p95: 205 },
  });

  test("are compared figure by figure; counts are none", () => {
    const { pairs, left } = compareLines([before], [after]);
    expect(left).toEqual([]);
    expect(pairs[0]!.changes.map(({ figure, verdict }) => [figure, verdict])).toEqual([
      ["coresPerCall", "better"],
      ["frameMs.p999", "worse"],
      ["turnMs.p95", "same"],
    ]);
  });

  test("are the same where their spreads overlap", () => {
    const wide = { ...after, coresPerCallSpread: [0.0009, 0.002] };
    expect(compareLines([before], [wide]).pairs[0]!.changes[0]!.verdict).toBe("same");
  });

  test("that do not count, or have no partner, are told and left out", () => {
    const invalid = { ...after, isValid: false };
    const { pairs, left } = compareLines([before], [invalid]);
    expect(pairs).toEqual([]);
    expect(left).toEqual(["media 100: only on one side", "media 100 at bbb: does not count"]);
    expect(formatComparison({ pairs, left })).toContain("nothing to compare");
  });

  test("the newest of a key counts", () => {
    const newer = { ...after, coresPerCall: 0.0005, commit: "ccc" };
    expect(compareLines([before], [after, newer]).pairs[0]!.after.commit).toBe("ccc");
  });
});

test("lines are read one by one, empty ones left out", () => {
  expect(parseLines('{"bench":"a"}\n\n{"bench":"b"}\n').map(({ bench }) => bench)).toEqual([
    "a",
    "b",
  ]);
});
