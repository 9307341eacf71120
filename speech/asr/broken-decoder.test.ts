/** The engine over a library whose calls fail on command. */
import { expect, test } from "vitest";
import { virtualTime, type VirtualTime } from "../../base/virtual-time.js";
import type { PocketSphinx } from "./pocketsphinx.js";
import { createEngineFrom, type RecognitionEngine } from "./recognition-engine.js";
import type { Grammar, RecognizerEvent, RecognizerStream } from "./recognizer.js";

const grammar: Grammar = { language: "en", phrases: ["yes"] };

type Rig = {
  time: VirtualTime;
  engine: RecognitionEngine;
  /** Names of the calls that fail from now on. */
  failing: Set<keyof PocketSphinx>;
  /** Decoders made and not freed. */
  alive: Set<bigint>;
};

function makeRig(decoders: number): Rig {
  const time = virtualTime();
  const failing = new Set<keyof PocketSphinx>();
  const alive = new Set<bigint>();
  let made = 0n;
  const result = (name: keyof PocketSphinx) => (): number => (failing.has(name) ? -1 : 0);
  const library: PocketSphinx = {
    init: () => {
      alive.add((made += 1n));
      return made;
    },
    free: (decoder) => {
      expect(alive.delete(decoder!)).toBe(true);
    },
    addWord: result("addWord"),
    setFsg: result("setFsg"),
    setSearch: result("setSearch"),
    unsetSearch: result("unsetSearch"),
    startStream: result("startStream"),
    startUtterance: result("startUtterance"),
    processRaw: result("processRaw"),
    endUtterance: result("endUtterance"),
    hypothesis: () => "yes",
    setMean: () => undefined,
    updateMean: () => undefined,
  };
  const model = { acousticModel: "", dictionary: "" };
  const sounds = { of: () => ["AH"] };
  const engine = createEngineFrom({ scheduler: time, decoders }, { library, model, sounds });
  return { time, engine, failing, alive };
}

function open({ engine }: Rig): { stream: RecognizerStream; events: RecognizerEvent[] } {
  const events: RecognizerEvent[] = [];
  const stream = engine.open({ grammar, rateHz: 16_000 }, (event) => events.push(event));
  return { stream, events };
}

for (const call of [
  "setFsg",
  "setSearch",
  "startStream",
  "startUtterance",
  "processRaw",
  "endUtterance",
] as const) {
  test(`a decoder whose ${call} fails is replaced: its stream fails, the next one works`, () => {
    const rig = makeRig(2);
    const other = open(rig);
    rig.failing.add(call);
    const { stream, events } = open(rig);
    stream.write(new Int16Array(960));
    stream.finish();
    rig.time.advance(1);
    expect(events.at(-1)).toMatchObject({ kind: "failed", error: { code: "RECOGNITION_BROKEN" } });
    rig.failing.clear();
    expect(rig.engine.leases).toEqual({ inUse: 1, total: 2 });
    expect(rig.alive.size).toBe(2);

    const next = open(rig);
    for (const each of [next, other]) {
      each.stream.write(new Int16Array(960));
      each.stream.finish();
    }
    rig.time.advance(1);
    for (const each of [next, other]) {
      expect(each.events.at(-1)).toEqual({ kind: "final", text: "yes", isRejected: false });
    }
    rig.engine.close();
    expect(rig.alive.size).toBe(0);
  });
}

test("a decoder that cannot end a cancelled utterance is replaced", () => {
  const rig = makeRig(1);
  const { stream } = open(rig);
  rig.failing.add("endUtterance");
  stream.cancel();
  expect(rig.alive).toEqual(new Set([2n]));
  expect(rig.engine.leases.inUse).toBe(0);
  rig.engine.close();
});

test("a grammar that cannot be loaded ahead costs its decoder, not the engine", () => {
  const rig = makeRig(2);
  rig.failing.add("setFsg");
  rig.engine.prepare([grammar]);
  rig.time.advance(1);
  rig.failing.clear();
  const { stream, events } = open(rig);
  stream.finish();
  rig.time.advance(1);
  expect(events).toHaveLength(1);
  expect(rig.alive.size).toBe(2);
  rig.engine.close();
  expect(rig.alive.size).toBe(0);
});
