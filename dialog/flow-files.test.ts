/** The shipped flows, walked through: every state and end is reached, nothing breaks on the way. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CompiledFlow, DialogEvent, DialogStep } from "./dialog-types.js";
import { compileFlow } from "./flow-compiler.js";
import { listFlows, loadFlow } from "./flow-files.js";
import { exampleVariables, talk } from "./talk.js";

const names = [
  "appointment-reminder",
  "appointment-reminder.zh",
  "payment-reminder",
  "satisfaction-survey",
  "service-selection",
];

test("the flows in the reference are flows", async () => {
  const reference = await readFile(new URL("../docs/flows.md", import.meta.url), "utf8");
  const blocks = [...reference.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? "");
  expect(blocks.length).toBeGreaterThan(0);
  for (const block of blocks) {
    expect(walk(compileFlow(block, { fileName: "docs/flows.md" })).outcomes).toContain("done");
  }
});

test("the shipped flows are listed", async () => {
  expect((await listFlows()).map(({ name }) => name)).toEqual(names);
});

describe.each(names)("%s", (name) => {
  let flow: CompiledFlow;
  beforeAll(async () => {
    flow = await loadFlow(name);
  });

  test("reaches every end and every asking state, and every snapshot survives storage", () => {
    const { outcomes, expectations } = walk(flow);
    expect([...outcomes].sort()).toEqual(flow.outcomes.filter((one) => one !== "maxTurns").sort());
    expect(expectations.size).toBe(flow.allExpectations().length);
  });

  test("random callers always come to an end, in legal states", () => {
    const event = fc.oneof(
      fc.constantFrom(...eventsOf(flow)),
      fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => speech(text)),
      fc.string({ maxLength: 2 }).map((digit): DialogEvent => ({ kind: "keypad", digit })),
    );
    fc.assert(
      fc.property(fc.infiniteStream(event), (events) => {
        let step = flow.start(exampleVariables(flow));
        let count = 0;
        for (const next of events) {
          step = flow.step(step.snapshot, next);
          count += 1;
          if (step.snapshot.outcome !== undefined) break;
          expect(step.effects.at(-1)?.kind).toBe("listen");
          expect(count).toBeLessThan(500);
        }
        expect(step.effects.at(-1)).toEqual({ kind: "end", outcome: step.snapshot.outcome });
        expect(flow.outcomes).toContain(step.snapshot.outcome);
      }),
      { numRuns: 60 },
    );
  });

  test("a silent caller hears no more than a few prompts", () => {
    let step = flow.start(exampleVariables(flow));
    let silences = 0;
    for (; step.snapshot.outcome === undefined; silences += 1) {
      step = flow.step(step.snapshot, { kind: "silence" });
    }
    expect(silences).toBeLessThanOrEqual(6);
  });
});

describe("the example of the seed", () => {
  test.each([
    ["Yes, please.", "service_selection"],
    ["no thank you", "end"],
    ["purple elephants", "fallback"],
  ])("greeting: %j leads to %s", async (text, state) => {
    const flow = await loadFlow("service-selection");
    const step = flow.step(flow.start({}).snapshot, speech(text));
    expect(step.state).toBe(state);
  });
});

describe("a conversation in text", () => {
  test("with digits, silence, keys and a payment day", async () => {
    const flow = await loadFlow("payment-reminder");
    const lines = [
      "yes I am",
      "",
      "four eight two",
      "/keys 48 27",
      "that's right",
      "/what",
      "tomorrow morning",
    ];
    const { outcome, snapshot, output } = await talkThrough(flow, lines);
    expect(outcome).toBe("promised");
    expect(snapshot.variables).toMatchObject({ account_digits: "4827", pay_day: "tomorrow" });
    expect(output).toContain(
      "> I understood 4 8 2 7. Is that right? Please say that is right, or try again.",
    );
    expect(output).toContain(
      "> Thank you. We expect your payment of eighty five dollars tomorrow. Goodbye.",
    );
    expect(output.at(-1)).toBe("  (ends: promised)");
  });

  test("in Mandarin, by voice and keypad", async () => {
    const flow = await loadFlow("appointment-reminder.zh");
    const { outcome, output } = await talkThrough(flow, ["是的，我是。", "/keys 1", "四八二七"]);
    expect(outcome).toBe("confirmed");
    expect(output).toContain("> 手机尾号是4 8 2 7。");
  });

  test("ratings by voice and by keypad, a free comment, and the end of the input", async () => {
    const flow = await loadFlow("satisfaction-survey");
    const rated = await talkThrough(flow, [
      "sure",
      "it was very good",
      "/keys 1",
      "no parking there",
    ]);
    expect(rated).toMatchObject({
      outcome: "completed",
      snapshot: {
        variables: {
          service_rating: "excellent",
          speed_rating: "disappointing",
          comment: "no parking there",
        },
      },
    });
    expect((await talkThrough(flow, ["sure"])).outcome).toBe("hangup");
  });
});

describe("files of one's own", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "voxtree-flows-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("are listed and loaded by path", async () => {
    const path = join(folder, "mine.yml");
    const text =
      "id: mine\nlanguage: en\nvoice: slt\nstart: a\nstates: { a: { say: Hi, end: done } }";
    await writeFile(path, text);
    await writeFile(join(folder, "notes.txt"), "no flow");
    expect(await listFlows(folder)).toEqual([{ name: "mine", path }]);
    expect((await loadFlow(path)).id).toBe("mine");
  });

  test("that are wrong say where", async () => {
    const path = join(folder, "broken.yaml");
    await writeFile(path, "id: broken\nstates: {}\n");
    await expect(loadFlow(path)).rejects.toThrow(`${path}:1:1 "language" is missing`);
  });

  test("that are not there", async () => {
    await expect(loadFlow(join(folder, "gone.yaml"))).rejects.toThrow(/does not exist/);
    await expect(loadFlow(`${folder}/`)).rejects.toThrow(/it is a folder/);
    await expect(listFlows(join(folder, "gone"))).rejects.toMatchObject({ code: "FLOW_FILE" });
    await expect(loadFlow("satisfaction-survay")).rejects.toThrow(
      /no flow "satisfaction-survay" \(did you mean "satisfaction-survey"\?\); shipped flows: app/,
    );
  });
});

function speech(text: string): DialogEvent {
  return { kind: "speech", text, isRejected: false };
}

/** Every event that means something somewhere in the flow, and some that mean nothing. */
function eventsOf(flow: CompiledFlow): DialogEvent[] {
  const expectations = flow.allExpectations();
  const phrases = new Set(expectations.flatMap((expectation) => expectation.phrases));
  const rejected: DialogEvent = { kind: "speech", text: "", isRejected: true };
  return [
    ...[...phrases, "purple elephants", "four eight two seven"].map(speech),
    ...[..."0123456789*#"].map((digit): DialogEvent => ({ kind: "keypad", digit })),
    rejected,
    { kind: "silence" },
    { kind: "hangup" },
  ];
}

/**
 * Goes every way from every distinct situation. Turns are set back to 0, or each turn of a loop
 * would be a new situation; values do not matter for the way.
 */
function walk(flow: CompiledFlow) {
  const events = eventsOf(flow);
  const outcomes = new Set<string>();
  const expectations = new Set<unknown>();
  const seen = new Set<string>();
  const waiting: DialogStep[] = [flow.start(exampleVariables(flow))];
  for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
    const { state, silences, noMatches, keys, outcome } = step.snapshot;
    const situation = [state, silences, noMatches, keys.length].join();
    if (seen.has(situation)) continue;
    seen.add(situation);
    const stored = decode(encode(step.snapshot)) as typeof step.snapshot;
    const resumed = flow.resume(stored);
    expect(resumed.snapshot).toEqual(step.snapshot);
    expect(resumed.effects.at(-1)).toEqual(step.effects.at(-1));
    const last = step.effects.at(-1);
    if (last?.kind === "listen") expectations.add(last.expectation);
    if (outcome !== undefined) outcomes.add(outcome);
    else for (const event of events) waiting.push(withoutTurns(flow.step(stored, event)));
  }
  return { outcomes, expectations };
}

function withoutTurns(step: DialogStep): DialogStep {
  return { ...step, snapshot: { ...step.snapshot, turns: 0 } };
}

async function talkThrough(flow: CompiledFlow, lines: readonly string[]) {
  const output: string[] = [];
  const input = (async function* () {
    for (const line of lines) yield await Promise.resolve(line);
  })();
  const write = (line: string) => output.push(line);
  return { ...(await talk({ flow, variables: exampleVariables(flow), input, write })), output };
}
