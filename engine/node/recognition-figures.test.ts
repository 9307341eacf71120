import { expect, test } from "vitest";
import { RecognitionCounters } from "../../speech/asr/network/recognition-counters.js";
import { RecognitionFigures } from "./recognition-figures.js";

test("figures are added up over threads, each with its newest", () => {
  const counters = new RecognitionCounters();
  const figures = new RecognitionFigures();
  const failed = { kind: "attemptFailed", vendor: "a", message: "" } as const;
  counters.count({ ...failed, code: "RECOGNITION_LOST" });
  counters.count({ kind: "movedOn", from: "a", to: "b", replayedMs: 400 });
  const [first, second] = [{}, {}];
  figures.take(first, counters.byVendor);
  counters.count({ kind: "final", vendor: "b", latencyMs: 90 });
  counters.count({ kind: "hedged", from: "a", to: "b" });
  counters.count({ kind: "circuit", vendor: "a", change: "opened" });
  counters.count({ kind: "circuit", vendor: "a", change: "closed" });
  figures.take(first, counters.byVendor);
  counters.count({ ...failed, code: "RECOGNITION_QUOTA" });
  figures.take(second, counters.byVendor);
  const none = { finals: 0, latencyMsTotal: 0, takenOver: 0, replayedMs: 0, hedged: 0 };
  expect(figures.sum).toEqual({
    a: {
      ...none,
      failures: { RECOGNITION_LOST: 2, RECOGNITION_QUOTA: 1 },
      circuitOpened: 2,
    },
    b: {
      finals: 2,
      latencyMsTotal: 180,
      failures: {},
      takenOver: 2,
      replayedMs: 800,
      hedged: 2,
      circuitOpened: 0,
    },
  });
});
