import { expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import type { LogReport } from "../control/messages.js";
import { recognitionLog } from "./recognition-log.js";

test("a vendor that fails a hundred utterances at once is told in two lines", () => {
  const time = virtualTime();
  const lines: LogReport[] = [];
  const take = recognitionLog(time, (line) => lines.push(line));
  const failure = { vendor: "main", code: "RECOGNITION_LOST", message: "cut off" };
  for (let count = 0; count < 100; count += 1) take({ kind: "attemptFailed", ...failure });
  take({ kind: "circuit", vendor: "main", change: "opened" });
  take({ kind: "final", vendor: "main", latencyMs: 100 });
  time.advance(1000);
  expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
    "warn a recogniser failed",
    "error a recogniser is left out: it fails too often",
    "warn a recogniser failed again",
  ]);
  expect(lines.at(-1)?.fields).toEqual({ vendor: "main", code: "RECOGNITION_LOST", times: 99 });
  expect(time.pendingCount).toBe(0);
});
