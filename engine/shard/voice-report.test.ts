import { expect, test } from "vitest";
import { virtualTime } from "../../base/virtual-time.js";
import { voiceReport, type VoiceReport } from "./voice-report.js";

test("a voice that fails often is one line a second, and counted each time", () => {
  const time = virtualTime();
  const reports: VoiceReport[] = [];
  const take = voiceReport(time, (report) => reports.push(report));
  const failure = { voice: "main", code: "SYNTHESIS_LOST", message: "cut off" };
  for (let count = 0; count < 100; count += 1) take({ kind: "attemptFailed", ...failure });
  take({ kind: "circuit", voice: "main", change: "opened" });
  take({ kind: "movedOn", from: "main", to: "spare" });
  take({ kind: "spoken", voice: "spare", firstSoundMs: 80, characters: 12 });
  take({ kind: "unspoken", code: "SYNTHESIS_LOST" });
  time.advance(1000);
  const lines = reports.flatMap((one) => (one.kind === "log" ? [one.message] : []));
  expect(lines).toEqual([
    "a voice failed",
    "a voice is left out: it fails too often",
    "a voice failed",
    "a voice failed again",
  ]);
  const figures = reports.flatMap((one) => (one.kind === "voices" ? [one.figures] : []));
  expect(figures).toMatchObject([
    {
      voices: {
        main: { failures: { SYNTHESIS_LOST: 100 }, circuitOpened: 1 },
        spare: { spoken: 1, takenOver: 1, firstSoundMsTotal: 80 },
      },
      unspoken: { SYNTHESIS_LOST: 1 },
    },
  ]);
  expect(time.pendingCount).toBe(0);
});
