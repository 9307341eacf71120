import { describe, expect, test } from "vitest";
import { answerWith, greetingFlow, rig } from "../../test/support/greeting-call.js";
import type { Analyzer, AnalyzerEvent, AnalyzerStream } from "../../speech/analyzers/analyzer.js";
import { abuseAnalyzer } from "../../speech/analyzers/shipped/abuse.js";

const flow = greetingFlow
  .replace("start: greeting", "start: greeting\nanalyzers: [abuse, mood]")
  .replace(
    "    silence: { afterMs: 3000, say: Are you still there?",
    `    onLabel:
      - { label: abuse, is: [insult, threat], atLeast: 0.5, then: calm }
      - { label: mood, is: sad, intent: confirm, then: bye }
    silence: { afterMs: 3000, say: Are you still there?`,
  )
  .concat("  calm:\n    say: I am sorry. Goodbye.\n    end: upset\n");

const silent: AnalyzerStream = {
  frame: () => undefined,
  partial: () => undefined,
  final: () => undefined,
  close: () => undefined,
};

function callWith(stream: Partial<AnalyzerStream> = {}) {
  const ways: ((event: AnalyzerEvent) => void)[] = [];
  const mood: Analyzer = {
    name: "mood",
    open(_, listener) {
      ways.push(listener);
      return { ...silent, ...stream };
    },
    close: () => undefined,
  };
  const analyzers = new Map([
    ["mood", mood],
    ["abuse", abuseAnalyzer()],
  ]);
  const call = rig({ flow, ports: { analyzers } });
  call.answer();
  const feel = async (value: string, score = 0.9) => {
    ways.at(-1)!({ kind: "label", label: { name: "mood", value, score } });
    await call.settle();
  };
  return { call, feel };
}

const labelsOf = ({ call }: ReturnType<typeof callWith>) =>
  call.events.flatMap((event) =>
    event.kind === "label" ? [`${event.analyzer} ${event.label.value}`] : [],
  );

describe("labels of analyzers in a call", () => {
  test("lead elsewhere with the very words they are about", async () => {
    const { call } = callWith();
    await call.hearAll();
    await answerWith(call, "yes you idiot");
    await call.hearAll();
    await call.settle();
    expect(call.said()).toEqual(["Hello. Do you have a minute?", "I am sorry. Goodbye."]);
    expect(call.outcome()).toBe("upset");
  });

  test("are on record whenever they change, and not each time they are said again", async () => {
    const all = callWith();
    const { call, feel } = all;
    await call.hearAll();
    await answerWith(call, "maybe");
    await call.hearAll();
    await feel("sad");
    await feel("sad");
    await feel("glad");
    expect(labelsOf(all)).toEqual(["abuse none", "mood sad", "mood glad"]);
  });

  test("guard an intent: what stands when it is understood decides where it leads", async () => {
    const { call, feel } = callWith();
    await call.hearAll();
    await feel("sad");
    expect(call.states()).toEqual(["greeting"]);
    await answerWith(call, "yes");
    await call.settle();
    expect(call.states()).toEqual(["greeting", "bye"]);
  });

  test("guard nothing any more once another value has replaced them", async () => {
    const { call, feel } = callWith();
    await call.hearAll();
    await feel("sad");
    await feel("glad");
    await answerWith(call, "yes");
    await call.settle();
    expect(call.states()).toEqual(["greeting", "offer"]);
  });

  test("that come late go over what we are saying", async () => {
    const eventful = flow.replace("mood, is: sad, intent: confirm,", "mood, is: sad,");
    const { feel } = callWith();
    void feel;
    const ways: ((event: AnalyzerEvent) => void)[] = [];
    const open: Analyzer["open"] = (_, listener) => (ways.push(listener), silent);
    const analyzers = new Map([["mood", { name: "mood", open, close: () => undefined }]]);
    const call = rig({ flow: eventful, ports: { analyzers } });
    call.answer();
    call.started(1);
    ways[0]!({ kind: "label", label: { name: "mood", value: "sad", score: 1 } });
    await call.settle();
    expect(call.media.map(({ kind }) => kind)).toEqual(["play", "clear", "play"]);
    expect(call.states()).toEqual(["greeting", "bye"]);
  });

  test("outlive the Dialog that was told them", async () => {
    const { call, feel } = callWith();
    await call.hearAll();
    await feel("sad");
    await answerWith(call, "maybe");
    await call.settle();
    expect(call.memories.at(-1)?.snapshot?.labels).toMatchObject({ mood: { value: "sad" } });
  });
});

describe("a call whose analyzers fail", () => {
  const broken = () => {
    throw new Error("my secret words");
  };

  test.each([
    ["in every frame", { frame: broken }],
    ["in a partial", { partial: broken }],
    ["in a final", { final: broken }],
    ["at its end", { close: broken }],
  ])("goes on when one throws %s", async (_, stream) => {
    const all = callWith(stream);
    const { call } = all;
    await call.hearAll();
    await answerWith(call, "yes");
    await call.hearAll();
    await answerWith(call, "no");
    await call.hearAll();
    await call.settle();
    expect(call.outcome()).toBe("refused");
    expect(labelsOf(all)).toContain("abuse none");
    expect(JSON.stringify(call.events)).not.toContain("my secret words");
    expect(call.failures).toEqual([]);
  });

  test("says so once", async () => {
    const { call } = callWith({ frame: broken });
    await call.silence(200);
    const troubles = call.events.filter((event) => event.kind === "trouble");
    expect(troubles).toMatchObject([{ actor: "analysis", error: { code: "ANALYZER_BROKEN" } }]);
  });
});

test("a flow without analyzers has none of this in its calls", async () => {
  const call = rig();
  call.answer();
  await call.hearAll();
  expect(call.directory.analysis).toBeUndefined();
});
