import { beforeEach, describe, expect, it } from "vitest";
import { EngineError } from "../../base/errors.js";
import { compileFlow } from "../../dialog/flow-compiler.js";
import type { PromptLayer } from "../../speech/prompts/prompt-layer.js";
import { createPromptStore } from "../../speech/prompts/prompt-store.js";
import type { PcmAudio } from "../../speech/tts/synthesizer.js";
import type { PromptData } from "../control/messages.js";
import { FlowPrompts } from "./flow-prompts.js";

const flowOf = (id: string, texts: readonly string[]) =>
  compileFlow(
    `id: ${id}\nlanguage: en\nvoice: slt\noffline: Sorry, ${id}.\nstart: a\n` +
      `states: { a: { say: [${texts.map((text) => `"${text}"`).join(", ")}], end: done } }`,
    { fileName: `${id}.yaml` },
  );
const beep: PcmAudio = { rateHz: 8000, samples: new Int16Array(1600).fill(5000) };

describe("the prompts of flows", () => {
  let texts: string[];
  let waiting: (() => void)[];
  let isHeld: boolean;
  let prompts: PromptData[];
  let logs: { message: string; fields: object }[];
  beforeEach(() => {
    [texts, waiting, isHeld, prompts, logs] = [[], [], true, [], []];
  });

  function make(flows: readonly ReturnType<typeof flowOf>[], layers: readonly PromptLayer[] = []) {
    const store = createPromptStore({
      bytesMax: 1e6,
      layers,
      async synthesize({ text }) {
        texts.push(text);
        if (text.startsWith("bad")) throw new EngineError("NO_VOICE", "nobody speaks it");
        if (isHeld) await new Promise<void>((resolve) => waiting.push(resolve));
        return beep;
      },
    });
    return new FlowPrompts({
      flows,
      store,
      add: (prompt) => prompts.push(prompt),
      log: (_level, message, fields) => logs.push({ message, fields }),
    });
  }

  /** Lets the voice speak until nothing waits for it. */
  async function speak(): Promise<void> {
    isHeld = false;
    while (waiting.length > 0) waiting.shift()!();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  it("are rendered behind the start, two at a time, each in every usual format", async () => {
    const flows = make([flowOf("one", ["A.", "B.", "C."])]);
    await flows.start();
    expect(flows.isReady("one")).toBe(false);
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(texts).toEqual(["A.", "B."]);
    await speak();
    await flows.allReady();
    expect(texts).toEqual(["A.", "B.", "C.", "Sorry, one."]);
    expect(prompts).toHaveLength(8);
    expect(flows.isReady("one")).toBe(true);
  });

  it("of a flow that somebody wants to call with come before those of others", async () => {
    const flows = make([
      flowOf("one", ["A.", "B.", "C."]),
      flowOf("two", ["D."]),
      flowOf("three", ["E."]),
    ]);
    await flows.start();
    await new Promise<void>((resolve) => setImmediate(resolve));
    const ready = flows.ready("three");
    await speak();
    await ready;
    expect(texts.slice(0, 4)).toEqual(["A.", "B.", "E.", "Sorry, three."]);
  });

  it("that are stored are there when the start is over, and nobody is asked to speak", async () => {
    isHeld = false;
    const entries = new Map<string, Uint8Array>();
    const layer: PromptLayer = {
      name: "disk",
      get: (key) => Promise.resolve(entries.get(key)),
      put: (key, audio) => Promise.resolve(void entries.set(key, audio)),
    };
    const before = make([flowOf("one", ["A."])], [layer]);
    await before.start();
    await before.allReady();
    texts = [];
    prompts = [];
    const flows = make([flowOf("one", ["A."])], [layer]);
    await flows.start();
    expect(flows.isReady("one")).toBe(true);
    expect(prompts).toHaveLength(4);
    expect(texts).toEqual([]);
  });

  it("that nobody can speak are told once, with the reason; other flows are not touched", async () => {
    isHeld = false;
    const flows = make([flowOf("one", ["bad A.", "bad B."]), flowOf("two", ["C."])]);
    await flows.start();
    await flows.allReady();
    expect([...flows.unspeakable]).toMatchObject([["one", { code: "NO_VOICE" }]]);
    expect(logs).toMatchObject([{ message: "a flow cannot be spoken", fields: { flow: "one" } }]);
    expect(flows.unspeakable.has("two")).toBe(false);
  });

  it("come in another format with the first call that has it, made of what is there", async () => {
    isHeld = false;
    const flows = make([flowOf("one", ["A."])]);
    await flows.start();
    await flows.allReady();
    const spoken = texts.length;
    await flows.want("pcma/8000");
    await flows.want("pcma/8000");
    await flows.want("nonsense/1");
    expect(prompts.filter(({ formatKey }) => formatKey === "pcma/8000")).toHaveLength(2);
    expect(texts).toHaveLength(spoken);
  });

  it("keep nobody waiting when the engine stops", async () => {
    const flows = make([flowOf("one", ["A."])]);
    await flows.start();
    const ready = flows.ready("one");
    flows.stop();
    await ready;
  });
});
