import { afterEach, beforeAll, expect, test } from "vitest";
import { nodeTime } from "../../base/node-ports.js";
import { virtualTime } from "../../base/virtual-time.js";
import { describeWithPocketSphinx, quietRoom, speak } from "../../test/support/spoken-audio.js";
import { isPocketSphinxAvailable } from "./pocketsphinx.js";
import { createRecognitionEngine, type RecognitionEngine } from "./recognition-engine.js";
import type { Grammar, GrammarWarning, RecognizerEvent } from "./recognizer.js";

const confirm: Grammar = { language: "en-US", phrases: ["yes please", "no thank you"] };

test("a missing model is named, with the command that installs it", () => {
  expect(isPocketSphinxAvailable("/nowhere")).toEqual({
    ok: false,
    why: "no speech model: /nowhere/en-us/mdef is missing",
    install: "apt-get install libpocketsphinx3 pocketsphinx-en-us",
  });
  const options = { scheduler: nodeTime(), decoders: 1, modelDirectory: "/nowhere" };
  expect(() => createRecognitionEngine(options)).toThrow(/apt-get install libpocketsphinx3/);
});

describeWithPocketSphinx("the engine", () => {
  let yes: Int16Array;
  let no: Int16Array;
  let engine: RecognitionEngine | undefined;
  const warnings: GrammarWarning[] = [];

  beforeAll(async () => {
    yes = await speak("slt", "yes please");
    no = await speak("rms", "no thank you");
  });
  afterEach(() => {
    engine?.close();
    warnings.length = 0;
  });

  const make = (decoders: number, scheduler = nodeTime()): RecognitionEngine =>
    (engine = createRecognitionEngine({
      scheduler,
      decoders,
      warn: (warning) => warnings.push(warning),
    }));

  /** Opens a stream; `last` is its final or failed event, `events` all of them. */
  function open(
    from: RecognitionEngine,
    grammar: Grammar = confirm,
    rateHz = 16_000,
  ): {
    stream: ReturnType<RecognitionEngine["open"]>;
    events: RecognizerEvent[];
    last: Promise<RecognizerEvent>;
  } {
    const events: RecognizerEvent[] = [];
    let settle: (event: RecognizerEvent) => void;
    const last = new Promise<RecognizerEvent>((resolve) => (settle = resolve));
    const stream = from.open({ grammar, rateHz }, (event) => {
      events.push(event);
      if (event.kind !== "partial") settle(event);
    });
    return { stream, events, last };
  }

  const failedWith = (code: string): object => ({ kind: "failed", error: { code } });

  test("hears two streams at once, each its own words", async () => {
    const from = make(2);
    const [one, two] = [open(from), open(from)];
    for (let at = 0; at < Math.max(yes.length, no.length); at += 320) {
      one.stream.write(yes.subarray(at, at + 320));
      two.stream.write(no.subarray(at, at + 320));
    }
    one.stream.finish();
    two.stream.finish();
    expect(await one.last).toMatchObject({ text: "yes please", isRejected: false });
    expect(await two.last).toMatchObject({ text: "no thank you", isRejected: false });
  });

  test("says a partial text only when it changes, and whole phrases as complete", async () => {
    const { stream, events, last } = open(make(1));
    stream.write(yes);
    stream.finish();
    await last;
    const partials = events.slice(0, -1);
    expect(partials.at(-1)).toEqual({ kind: "partial", text: "yes please", isComplete: true });
    for (let index = 1; index < partials.length; index += 1) {
      expect(partials[index]).not.toEqual(partials[index - 1]);
    }
  });

  test("refuses when all decoders are leased, and takes the next when one is free", async () => {
    const from = make(1);
    const first = open(from);
    expect(from.leases).toEqual({ inUse: 1, total: 1 });
    expect(await open(from).last).toMatchObject(failedWith("RECOGNITION_BUSY"));
    first.stream.cancel();
    expect(from.leases).toEqual({ inUse: 0, total: 1 });
    const next = open(from);
    next.stream.write(no);
    next.stream.finish();
    expect(await next.last).toMatchObject({ text: "no thank you" });
    expect(first.events).toEqual([]);
  });

  test("never calls the listener before open has returned, nor after cancel", async () => {
    const time = virtualTime();
    const from = make(1, time);
    const held = open(from);
    const busy = open(from);
    expect(busy.events).toEqual([]);
    busy.stream.cancel();
    held.stream.write(yes);
    held.stream.finish();
    held.stream.cancel();
    time.advance(1000);
    expect([...busy.events, ...held.events]).toEqual([]);
    await Promise.resolve();
  });

  test("works on one piece of one stream at a time, in turn", () => {
    const time = virtualTime();
    const from = make(2, time);
    const [one, two] = [open(from), open(from)];
    one.stream.write(yes);
    two.stream.write(yes);
    one.stream.finish();
    two.stream.finish();
    time.advance(0);
    expect(one.events).toEqual(two.events);
    expect(one.events.at(-1)).toMatchObject({ kind: "final", text: "yes please" });
  });

  test("the caller may reuse its buffer", async () => {
    const { stream, last } = open(make(1));
    const buffer = new Int16Array(320);
    for (let at = 0; at + 320 <= no.length; at += 320) {
      buffer.set(no.subarray(at, at + 320));
      stream.write(buffer);
      buffer.fill(0);
    }
    stream.finish();
    expect(await last).toMatchObject({ text: "no thank you" });
  });

  test("an empty stream is rejected, exactly once", async () => {
    const { stream, events, last } = open(make(1));
    stream.finish();
    stream.finish();
    stream.write(yes);
    expect(await last).toEqual({ kind: "final", text: "", isRejected: true });
    expect(events).toHaveLength(1);
  });

  test("refuses other rates and languages by name", async () => {
    const from = make(1);
    expect(await open(from, confirm, 48_000).last).toMatchObject({
      error: { code: "RECOGNITION_REFUSED", message: expect.stringContaining("48000") as string },
    });
    expect(await open(from, { language: "zh-CN", phrases: ["是"] }).last).toMatchObject(
      failedWith("RECOGNITION_REFUSED"),
    );
    from.prepare([{ language: "zh-CN", phrases: ["是"] }]);
    expect(from.leases.inUse).toBe(0);
  });

  test("fails a stream whose audio nobody works on, or that never ends; others go on", async () => {
    const from = make(2);
    const flooded = open(from);
    const other = open(from);
    for (let second = 0; second < 31; second += 1) flooded.stream.write(quietRoom(16_000));
    expect(await flooded.last).toMatchObject(failedWith("RECOGNITION_OVERLOADED"));
    other.stream.write(yes);
    other.stream.finish();
    expect(await other.last).toMatchObject({ text: "yes please" });

    const time = virtualTime();
    const endless = open(make(1, time));
    for (let second = 0; second < 61; second += 1) {
      endless.stream.write(quietRoom(16_000));
      time.advance(1);
    }
    expect(endless.events.at(-1)).toMatchObject(failedWith("RECOGNITION_TOO_LONG"));
  });

  test("knows more grammars than it keeps loaded", async () => {
    const from = make(1);
    for (let count = 0; count < 40; count += 1) {
      const grammar = { language: "en", phrases: ["yes please", `room ${count}`] };
      const { stream, last } = open(from, grammar);
      stream.write(yes);
      stream.finish();
      expect(await last).toMatchObject({ text: "yes please" });
    }
  });

  test("tells once about phrases it cannot listen for, and hears the others", async () => {
    const from = make(1);
    const grammar = { language: "en", phrases: ["yes please", "Zyzzyx plorf"] };
    from.prepare([grammar]);
    const { stream, last } = open(from, grammar);
    stream.write(yes);
    stream.finish();
    expect(await last).toMatchObject({ text: "yes please" });
    expect(warnings).toMatchObject([
      { code: "WORDS_UNKNOWN", phrase: "Zyzzyx plorf", words: ["zyzzyx", "plorf"] },
    ]);
  });

  test("closing fails what is open, and whoever comes later", async () => {
    const from = make(2);
    const { last } = open(from);
    from.close();
    expect(await last).toMatchObject(failedWith("RECOGNITION_LOST"));
    expect(await open(from).last).toMatchObject(failedWith("RECOGNITION_UNAVAILABLE"));
    from.close();
  });
});
