/** Every shipped script, walked through its flow as text: it hears what the flow really says. */
import { basename } from "node:path";
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { CompiledFlow, DialogEvent, DialogStep } from "../../dialog/dialog-types.js";
import { loadFlow } from "../../dialog/flow-files.js";
import { normaliseText } from "../../dialog/nlu/normalise.js";
import { phraseWords } from "../../speech/asr/phrase-words.js";
import { speakableText } from "../../speech/tts/speakable-text.js";
import { CalleeMind } from "./callee-mind.js";
import { knownPrompts, spokenTexts, type CalleeScript, type CalleeTurn } from "./callee-script.js";
import { DECOYS } from "./decoys.js";
import { comparable } from "./prompt-ear.js";
import { loadScripts, shippedScriptsFolder } from "./script-files.js";

const scripts = await loadScripts();
const answering = scripts.filter(({ answer }) => answer.kind === "answer");

describe("the shipped scripts", () => {
  it("are found in the package, each in a file of its name", () => {
    const files = readdirSync(shippedScriptsFolder).map((name) => basename(name, ".yaml"));
    expect(scripts.map(({ id }) => id).sort()).toEqual(files.sort());
  });

  for (const script of answering) {
    const { id, expectOutcome } = script;

    it(`${id} hears what its flow says and reaches ${expectOutcome}`, async () => {
      const walked = walk(await flowOf(script), script, script.turns);
      expect(walked.unheard).toEqual([]);
      expect(walked.outcome).toBe(expectOutcome);
    });

    it(`${id} reaches ${expectOutcome} without speech, by keys alone`, async () => {
      expect(spokenTexts(script.keypadOnly)).toEqual([]);
      const deaf = script.keypadOnly.map(({ hear: _, ...turn }) => turn);
      expect(walk(await flowOf(script), script, deaf).outcome).toBe(expectOutcome);
    });

    it(`${id} says and expects only what can be spoken and heard`, () => {
      for (const text of spokenTexts(script.turns)) expect(() => speakableText(text)).not.toThrow();
      for (const prompt of knownPrompts(script)) expect(phraseWords(prompt)).not.toEqual([]);
    });

    it(`${id} knows no prompt twice`, () => {
      const prompts = [...knownPrompts(script), ...DECOYS].map(comparable);
      expect(new Set(prompts).size).toBe(prompts.length);
    });
  }

  it("know of every way not to answer", () => {
    const ways = scripts.map(({ answer }) => answer.kind);
    expect(new Set(ways)).toEqual(new Set(["answer", "busy", "reject", "noAnswer"]));
  });
});

async function flowOf(script: CalleeScript): Promise<CompiledFlow> {
  return loadFlow(script.flow);
}

type Walk = { readonly outcome: string | undefined; readonly unheard: readonly string[] };

/** Plays a flow against a script, both as text. */
function walk(flow: CompiledFlow, script: CalleeScript, turns: readonly CalleeTurn[]): Walk {
  const mind = new CalleeMind(turns);
  const known = new Map(knownPrompts(script).map((text) => [normaliseText(text), text]));
  const isDeaf = turns.every(({ hear }) => hear === undefined);
  const unheard: string[] = [];
  let step = flow.start(script.variables);
  for (let round = 0; round < 50; round += 1) {
    const said = saidIn(step);
    const prompt = known.get(normaliseText(said));
    if (prompt === undefined) unheard.push(said);
    const decision = mind.heard(isDeaf ? null : (prompt ?? "something else"));
    const outcome = outcomeOf(step);
    if (outcome !== undefined) return { outcome, unheard };
    const turn = decision.turn === undefined ? undefined : turns[decision.turn];
    for (const event of eventsOf(turn, step)) step = flow.step(step.snapshot, event);
    const hungUp = turn?.action.kind === "hangup" ? outcomeOf(step) : undefined;
    if (hungUp !== undefined) return { outcome: hungUp, unheard };
  }
  return { outcome: undefined, unheard };
}

function saidIn(step: DialogStep): string {
  return step.effects.flatMap((effect) => (effect.kind === "say" ? [effect.text] : [])).join(" ");
}

function outcomeOf(step: DialogStep): string | undefined {
  const end = step.effects.find((effect) => effect.kind === "end");
  return end?.kind === "end" ? end.outcome : undefined;
}

function eventsOf(turn: CalleeTurn | undefined, step: DialogStep): DialogEvent[] {
  const action = turn?.action ?? { kind: "nothing" as const };
  switch (action.kind) {
    case "nothing":
      return [{ kind: "silence" }];
    case "hangup":
      return [{ kind: "hangup" }];
    case "press":
      return [...action.digits].map((digit) => ({ kind: "keypad", digit }));
    case "say": {
      const text = action.parts.flatMap((part) => ("text" in part ? [part.text] : [])).join(" ");
      return [{ kind: "speech", text, isRejected: !isInGrammar(text, step) }];
    }
  }
}

/** As a recogniser would judge it. */
function isInGrammar(text: string, step: DialogStep): boolean {
  const listen = step.effects.find((effect) => effect.kind === "listen");
  if (listen?.kind !== "listen") return false;
  const { phrases, digits } = listen.expectation;
  const said = normaliseText(text);
  if (phrases.some((phrase) => normaliseText(phrase) === said)) return true;
  return (
    digits !== undefined && /^(zero|one|two|three|four|five|six|seven|eight|nine| )+$/.test(said)
  );
}
