import { describe, expect, test } from "vitest";
import { answerWith, rig } from "../../test/support/greeting-call.js";

/** A call in which the greeting was heard and an answer is waited for. */
async function listening() {
  const call = rig();
  call.answer();
  await call.hearAll();
  let newest = 0;
  const away = (change = (newest += 1)): void => {
    call.directory.call.tell({ kind: "legAway", change });
    call.time.settle();
  };
  const back = (change = (newest += 1)): void => {
    call.directory.call.tell({ kind: "legBack", atMs: call.time.nowMs(), change });
    call.time.settle();
  };
  return { ...call, away, back };
}

describe("a connection that is lost and found", () => {
  test("is not taken for the caller's silence; that is counted anew when it is back", async () => {
    const call = await listening();
    const said = call.said().length;
    call.away();
    call.time.advance(60_000);
    await call.settle();
    expect(call.said()).toHaveLength(said);
    expect(call.outcome()).toBeUndefined();
    call.back();
    await call.silence(1000);
    expect(call.media.filter(({ kind }) => kind === "play")).toHaveLength(1);
    await call.silence(60_000);
    expect(call.media.filter(({ kind }) => kind === "play").length).toBeGreaterThan(1);
  });

  test("is back, also when its loss is told once more then", async () => {
    const call = await listening();
    call.away();
    call.back();
    call.away(1);
    await call.silence(60_000);
    expect(call.media.filter(({ kind }) => kind === "play").length).toBeGreaterThan(1);
    // Nor is it back because that is told once more.
    const again = await listening();
    again.away();
    again.back();
    again.away();
    again.back(2);
    again.time.advance(60_000);
    await again.settle();
    expect(again.media.filter(({ kind }) => kind === "play")).toHaveLength(1);
  });

  test("does not end the turn that was open: what is said behind the gap belongs to it", async () => {
    const call = await listening();
    await call.talk(400);
    call.away();
    call.time.advance(5000);
    await call.settle();
    expect(call.streams.at(-1)!.isFinished).toBe(false);
    call.back();
    await call.talk(400);
    expect(call.streams).toHaveLength(1);
    await call.silence(1500);
    expect(call.streams.at(-1)!.isFinished).toBe(true);
  });

  test("that is never found ends the call as a hang-up does", async () => {
    const call = await listening();
    call.away();
    call.closeLeg("nobody came back");
    await call.settle();
    expect(call.outcome()).toBe("hangup");
  });

  test("leaves an answer that comes after it understood", async () => {
    const call = await listening();
    call.away();
    call.time.advance(3000);
    call.back();
    await answerWith(call, "yes");
    expect(call.states()).toEqual(["greeting", "offer"]);
  });
});
