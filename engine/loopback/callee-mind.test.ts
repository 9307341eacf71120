import { describe, expect, it } from "vitest";
import { CalleeMind } from "./callee-mind.js";
import type { CalleeTurn } from "./callee-script.js";

function turn(hear: string | undefined, again: readonly string[] = []): CalleeTurn {
  const action = { kind: "nothing" } as const;
  return { ...(hear === undefined ? {} : { hear }), again, delayMs: 0, action };
}

const turns = [turn("Who are you?", ["Sorry, who?"]), turn("Which day?"), turn("Goodbye.")];

describe("the mind of a callee", () => {
  it("takes the turns in order when it hears what it waits for", () => {
    const mind = new CalleeMind(turns);
    expect(mind.heard("Who are you?")).toEqual({ turn: 0, isExpected: true });
    expect(mind.heard("which day")).toEqual({ turn: 1, isExpected: true });
    expect(mind.heard("Goodbye")).toEqual({ turn: 2, isExpected: true });
    expect(mind.present).toBeUndefined();
  });

  it("goes by the order alone when it does not understand", () => {
    const mind = new CalleeMind(turns);
    expect(mind.heard(null)).toEqual({ turn: 0, isExpected: null });
    expect(mind.heard(null)).toEqual({ turn: 1, isExpected: null });
  });

  it("answers again when asked again, and then goes on", () => {
    const mind = new CalleeMind(turns);
    mind.heard("Who are you?");
    expect(mind.heard("Sorry, who?")).toEqual({ turn: 0, isExpected: false });
    expect(mind.heard("Who are you?")).toEqual({ turn: 0, isExpected: false });
    expect(mind.heard("Which day?")).toEqual({ turn: 1, isExpected: true });
  });

  it("does not answer the same question for ever", () => {
    const mind = new CalleeMind(turns);
    mind.heard("Who are you?");
    const answers = Array.from({ length: 10 }, () => mind.heard("Sorry, who?").turn);
    expect(answers.filter((answer) => answer === 0)).toHaveLength(3);
  });

  it("follows an agent who leaves something out", () => {
    const mind = new CalleeMind(turns);
    expect(mind.heard("Goodbye.")).toEqual({ turn: 2, isExpected: false });
  });

  it("leaves unanswered what belongs nowhere, and waits on", () => {
    const mind = new CalleeMind(turns);
    expect(mind.heard("The train is late.")).toEqual({ isExpected: false });
    expect(mind.heard("Who are you?")).toEqual({ turn: 0, isExpected: true });
  });

  it("takes anything where it waits for nothing in particular", () => {
    const mind = new CalleeMind([turn(undefined), turn("Goodbye.")]);
    expect(mind.heard("The train is late.")).toEqual({ turn: 0, isExpected: null });
  });

  it("has nothing more to do after its last turn", () => {
    const mind = new CalleeMind([turn("Goodbye.")]);
    mind.heard(null);
    expect(mind.heard(null)).toEqual({ isExpected: null });
    expect(mind.heard("Something")).toEqual({ isExpected: false });
  });

  it("returns to an action that it had to leave", () => {
    const mind = new CalleeMind(turns);
    const { turn } = mind.heard("Who are you?");
    mind.takeBack(turn!);
    expect(mind.present?.index).toBe(0);
    mind.interrupt();
    expect(mind.present?.index).toBe(1);
  });
});
