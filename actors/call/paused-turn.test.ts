import { describe, expect, test } from "vitest";
import { rig } from "../../test/support/greeting-call.js";

const samplesPerMs = 8;

/** "Yes", a pause that does not end the turn, "please"; nothing is recognised meanwhile. */
async function pausedTurn(takesPhrasesOnly: boolean) {
  const call = rig({ takesPhrasesOnly });
  call.answer();
  await call.hearAll();
  await call.silence(800);
  await call.talk(300);
  await call.silence(200);
  await call.talk(300);
  await call.silence(1200);
  await call.settle();
  return call;
}

describe("a turn with a pause in it", () => {
  test("is one stretch for a recogniser whose words come late", async () => {
    const { streams } = await pausedTurn(false);
    expect(streams).toHaveLength(1);
    expect(streams[0]!.isFinished).toBe(true);
  });

  test("is two for one that takes phrases only, and no sound is heard twice", async () => {
    const { streams } = await pausedTurn(true);
    expect(streams).toHaveLength(2);
    // The one stretch begins 300 ms ahead of the first sound, and 800 ms ahead of the second.
    const [whole] = (await pausedTurn(false)).streams;
    const leadMs = (streams[1]!.samples - whole!.samples) / samplesPerMs + 800;
    expect(leadMs).toBeGreaterThan(0);
    expect(leadMs).toBeLessThanOrEqual(200);
  });
});
