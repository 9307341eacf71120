import { describe, expect, test } from "vitest";
import { greetingFlow, rig } from "../../test/support/greeting-call.js";

const flow = greetingFlow
  .replace("start: greeting", "start: greeting\nansweringMachine: message")
  .concat("  message:\n    say: Please call us back. Goodbye.\n    end: voicemail\n");

type Call = ReturnType<typeof rig>;

async function answered(): Promise<Call> {
  const call = rig({ flow });
  call.answer();
  await call.settle();
  return call;
}

const verdictOf = (call: Call) =>
  call.events.flatMap((event) =>
    event.kind === "answeredBy" ? [[event.answeredBy, event.cause.split("-")[0]]] : [],
  );

describe("a call that finds out who has answered", () => {
  test("says nothing until a person has greeted, and then begins", async () => {
    const call = await answered();
    await call.silence(400);
    await call.talk(600);
    await call.silence(600);
    expect(call.media).toEqual([]);
    await call.silence(400);
    expect(call.media).toMatchObject([{ kind: "play", utterance: 1 }]);
    expect(verdictOf(call)).toEqual([["human", "HUMAN"]]);
    // The greeting was no answer: nobody is asked to repeat it.
    await call.hearAll();
    await call.silence(1000);
    expect(call.said()).toEqual(["Hello. Do you have a minute?"]);
    expect(call.states()).toEqual(["greeting"]);
    expect(call.said()).toHaveLength(1);
  });

  test("leaves its message when the machine's greeting is over, and ends as the flow says", async () => {
    const call = await answered();
    await call.talk(2500);
    expect(verdictOf(call)).toEqual([["machine", "LONGGREETING"]]);
    await call.silence(1800);
    expect(call.media).toEqual([]);
    await call.silence(400);
    expect(call.media).toMatchObject([{ kind: "play", utterance: 1 }]);
    await call.hearAll();
    await call.settle();
    expect(call.said()).toEqual(["Please call us back. Goodbye."]);
    expect(call.outcome()).toBe("voicemail");
    expect(call.time.pendingCount).toBe(0);
  });

  test("treats what it cannot tell as a person, at the hard end of its time, also without audio", async () => {
    const call = await answered();
    call.time.advance(5200);
    expect(call.media).toEqual([]);
    call.time.advance(100);
    await call.settle();
    expect(verdictOf(call)).toEqual([["unknown", "TOOLONG"]]);
    expect(call.media).toMatchObject([{ kind: "play", utterance: 1 }]);
  });

  test("ends at once where the words say that there is no such number", async () => {
    const call = await answered();
    await call.silence(200);
    await call.talk(1000);
    await call.silence(700);
    call.streams.at(-1)!.final("the number you have dialed is not in service");
    call.time.settle();
    await call.settle();
    expect(verdictOf(call).at(-1)).toEqual(["invalid_number", "WORDS"]);
    expect(call.media.map(({ kind }) => kind)).not.toContain("play");
    expect(call.outcome()).toBe("invalid_number");
  });

  test("goes by the flow's own parameters", async () => {
    const call = rig({ flow: flow.concat("answering: { greetingMs: 600, totalMs: 2000 }\n") });
    call.answer();
    await call.settle();
    await call.talk(900);
    expect(verdictOf(call)).toEqual([["machine", "LONGGREETING"]]);
    const silent = rig({ flow: flow.concat("answering: { totalMs: 2000 }\n") });
    silent.answer();
    await silent.settle();
    silent.time.advance(2300);
    await silent.settle();
    expect(verdictOf(silent)).toEqual([["unknown", "TOOLONG"]]);
    expect(silent.media).toMatchObject([{ kind: "play" }]);
  });

  test.each([
    ["please leave a message", "WORDS"],
    ["this is the office of doctor brown we are out today", "TRANSCRIPT"],
  ])(
    "a short greeting is a machine's by its words (%s), and its end is listened for",
    async (text, cause) => {
      const call = await answered();
      await call.silence(200);
      await call.talk(1000);
      await call.silence(700);
      call.streams.at(-1)!.final(text);
      call.time.settle();
      await call.settle();
      expect(verdictOf(call)).toEqual([["machine", cause]]);
      await call.silence(2500);
      expect(call.media).toMatchObject([{ kind: "play", utterance: 1 }]);
      expect(call.states().at(-1)).toBe("message");
    },
  );

  test("ends when they hang up before anything is known", async () => {
    const call = await answered();
    await call.silence(200);
    call.closeLeg();
    await call.settle();
    expect(call.outcome()).toBe("hangup");
    expect(call.time.pendingCount).toBe(0);
  });

  test("asks nothing where the flow does not", async () => {
    const call = rig();
    call.answer();
    await call.settle();
    expect(call.media).toMatchObject([{ kind: "play", utterance: 1 }]);
    expect(verdictOf(call)).toEqual([]);
  });
});
