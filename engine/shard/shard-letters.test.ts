import { expect, test } from "vitest";
import type { DeadLetterReason } from "../../actors/kernel/index.js";
import type { LogReport } from "../control/messages.js";
import { shardLetters } from "./shard-letters.js";

const letter = (reason: DeadLetterReason) => ({
  kind: "audio",
  to: "/shard-0/calls/call-c1/mediaLeg",
  incarnation: 1,
  reason,
});

function rig() {
  const lines: LogReport[] = [];
  const clock = { atMs: 0, nowMs: () => clock.atMs };
  return { lines, clock, letters: shardLetters(clock, (line) => lines.push(line)) };
}

test("a message that is lost has a line: what it was, for whom, and why", () => {
  const { lines, letters } = rig();
  letters.take(letter("full"));
  expect(lines).toEqual([
    {
      kind: "log",
      level: "warn",
      message: "a message was not delivered",
      fields: {
        what: "audio",
        to: "/shard-0/calls/call-c1/mediaLeg",
        incarnation: 1,
        reason: "full",
        leftOut: 0,
      },
    },
  ]);
});

test("a flood of them has five lines a second, and every one of them is counted", () => {
  const { lines, letters, clock } = rig();
  for (let n = 0; n < 1000; n += 1) letters.take(letter("displaced"));
  expect(lines).toHaveLength(5);
  clock.atMs = 1000;
  letters.take(letter("full"));
  expect(lines[5]!.fields).toMatchObject({ leftOut: 995 });
  expect(letters.counts).toMatchObject({ displaced: 1000, full: 1 });
});

test("what every call leaves behind at its end is counted, without a line", () => {
  const { lines, letters } = rig();
  for (const reason of ["unhandledAtStop", "pastLife"] as const) letters.take(letter(reason));
  expect(lines).toEqual([]);
  expect(letters.counts).toMatchObject({ unhandledAtStop: 1, pastLife: 1 });
});
