/**
 * The demonstration as a user runs it: the compiled command in a process of its own, and then its
 * recordings, measured and listened to without asking the engine.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compiledEntry } from "../base/compiled-entry.js";
import { nodeTime } from "../base/node-ports.js";
import { formatRecordings } from "../bench/recordings/recording-table.js";
import { joinSpans, measureRecording, samplesOf } from "../bench/recordings/wav-measure.js";
import type { RecordingMeasures } from "../bench/recordings/wav-measure.js";
import { extractChannel } from "../codecs/audio/mix.js";
import { decodeWav } from "../codecs/audio/wav.js";
import { loadFlow } from "../dialog/flow-files.js";
import type { DemoCallResult, DemoResult } from "../engine/demo/demo-result.js";
import { knownPrompts, type CalleeScript } from "../engine/loopback/callee-script.js";
import { DECOYS } from "../engine/loopback/decoys.js";
import { comparable } from "../engine/loopback/prompt-ear.js";
import { loadScripts } from "../engine/loopback/script-files.js";
import { createLocalRecognizer } from "../speech/asr/local-recognizer.js";
import { isPocketSphinxAvailable } from "../speech/asr/pocketsphinx.js";
import type { Recognizer } from "../speech/asr/recognizer.js";

/** Speech that confirms an interruption, and what we may take from there to our silence. */
const confirmationMs = 200;
const silenceAfterConfirmationMs = 200;
/** What is promised, and the frames (20 ms each) in which onset and last sample are known. */
const onsetToSilenceMsMax = confirmationMs + silenceAfterConfirmationMs + 50;
/**
 * Of two turns that follow one another, what may seem to overlap: the recording has the callee as
 * received and us as sent, so the network and the callee's own buffer (20 ms each way) lie between.
 */
const alignmentMsMax = 60;
/** Our sentences of one prompt are closer together; no answer comes this late either. */
const promptPauseMs = 2000;
/** Audio around a prompt that goes to the recogniser with it. */
const marginMs = 200;
const candidatesMin = 20;

type Run = {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
};

const dirs: string[] = [];
afterAll(() => dirs.forEach((dir) => rmSync(dir, { recursive: true, force: true })));

function newFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), "voxtree-demo-test-"));
  dirs.push(dir);
  return dir;
}

/** Runs the command to its end. */
async function demo(args: readonly string[], dir = newFolder()): Promise<Run> {
  const entry = fileURLToPath(compiledEntry("engine/cli/main.js"));
  const child = spawn(process.execPath, [entry, "demo", "--json", "--out", dir, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { code, out, err };
}

/** @throws when standard output is not exactly one JSON document on one line */
function resultOf({ out, err }: Run): DemoResult {
  const lines = out.trimEnd().split("\n");
  if (lines.length !== 1) throw new Error(`${lines.length} lines on stdout: ${out}\n${err}`);
  return JSON.parse(lines[0]!) as DemoResult;
}

/** Callee and outcome, as they are and as they should be: a difference names the call. */
const outcomes = ({ calls }: DemoResult) => calls.map(({ callee, outcome }) => [callee, outcome]);
const expectations = (scripts: readonly CalleeScript[]) =>
  scripts.map(({ id, expectOutcome }) => [id, expectOutcome]);

const scripts = await loadScripts();
const scriptOf = ({ callee }: DemoCallResult) => scripts.find(({ id }) => id === callee)!;

/** Whether a callee speaks over us by its script: it interrupts, or goes on after a pause. */
function speaksOver({ turns }: CalleeScript): boolean {
  return turns.some(
    ({ interruptAfterMs, action }) =>
      action.kind === "say" &&
      (interruptAfterMs !== undefined || action.parts.some((part) => "pauseMs" in part)),
  );
}

type Recording = {
  readonly call: DemoCallResult;
  readonly measures: RecordingMeasures;
  /** Our prompts as a recogniser of our own understood them; null: none of the candidates. */
  readonly understood: readonly (string | null)[];
};

function recognise(
  recognizer: Recognizer,
  { samples, rateHz }: { readonly samples: Int16Array; readonly rateHz: number },
  phrases: readonly string[],
): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const grammar = { language: "en-US", phrases };
    const stream = recognizer.open({ grammar, rateHz }, (event) => {
      if (event.kind === "failed") reject(new Error(event.error.message));
      if (event.kind === "final") resolve(event.isRejected ? null : event.text);
    });
    stream.write(samples);
    stream.finish();
  });
}

/** Everything that its flow says in every call, what it says in this one, and what nobody says. */
async function candidatesOf(script: CalleeScript): Promise<string[]> {
  const { fixedPrompts } = await loadFlow(script.flow);
  return [...new Set([...knownPrompts(script), ...fixedPrompts, ...DECOYS].map(comparable))];
}

async function listen(recognizer: Recognizer, call: DemoCallResult): Promise<Recording> {
  const wav = readFileSync(call.wav!);
  const measures = measureRecording(wav);
  const candidates = await candidatesOf(scriptOf(call));
  expect(candidates.length).toBeGreaterThanOrEqual(candidatesMin);
  const { rateHz } = measures;
  const ours = extractChannel(decodeWav(wav), 1);
  const keysMs = call.keys.map(({ atMs }) => atMs);
  const breaksMs = [...measures.callee.map(({ fromMs }) => fromMs), ...keysMs];
  const understood: (string | null)[] = [];
  for (const { fromMs, toMs } of joinSpans(measures.agent, { pauseMs: promptPauseMs, breaksMs })) {
    const around = { fromMs: fromMs - marginMs, toMs: toMs + marginMs };
    const samples = samplesOf(ours, rateHz, around);
    understood.push(await recognise(recognizer, { samples, rateHz }, candidates));
  }
  return { call, measures, understood };
}

const hasRecognizer = isPocketSphinxAvailable().ok;
if (!hasRecognizer) {
  const isRequired = process.env["VOXTREE_REQUIRE"]?.includes("pocketsphinx") === true;
  const why = "PocketSphinx is missing: apt-get install libpocketsphinx3 pocketsphinx-en-us";
  if (isRequired) throw new Error(why);
  console.warn(`SKIPPED: the spoken demonstration and its recordings. ${why}`);
}

/** Resolves when a folder gets a file of this name. */
function fileIn(dir: string, name: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(dir, (_event, fileName) => {
      if (fileName !== name) return;
      watcher.close();
      resolve();
    });
    watcher.unref();
  });
}

const spokenFolder = newFolder();
/** The call whose interruption is measured is over; the longer ones go on. */
const isInterrupted = fileIn(spokenFolder, "interrupts.wav");
const spoken = hasRecognizer ? demo([], spokenFolder) : undefined;
/** Three flows, at both rates: interrupted, asked again, never answered. */
const byKey = ["busy", "confirms-appointment", "interrupts", "silent-at-first", "survey-by-voice"];
/** Begins while the last spoken calls go on, to save a minute. */
const keyed = Promise.race([spoken, isInterrupted]).then(() =>
  demo(["--no-recognition", "--callee", ...byKey]),
);

describe.skipIf(!hasRecognizer)("the demonstration, spoken", () => {
  let run: Run;
  let result: DemoResult;
  let recordings: Recording[];
  beforeAll(async () => {
    run = await spoken!;
    result = resultOf(run);
    const recognizer = createLocalRecognizer({ scheduler: nodeTime() });
    recordings = [];
    for (const call of result.calls) {
      if (call.wav !== undefined) recordings.push(await listen(recognizer, call));
    }
    recognizer.close();
  }, 120_000);

  test("reaches every outcome that its scripts expect, and says so by its exit code", () => {
    expect(outcomes(result)).toEqual(expectations(scripts));
    expect(result.calls.every(({ outcome, expected }) => outcome === expected)).toBe(true);
    expect(run.code, run.err).toBe(0);
  });

  test("prints one JSON document: flows, callees, both sides of the transcript, latency", () => {
    for (const call of result.calls) {
      expect(call.flow).toBe(scriptOf(call).flow);
      for (const { side, text, atMs } of call.transcript) {
        expect(["agent", "callee"]).toContain(side);
        expect([typeof text, typeof atMs]).toEqual(["string", "number"]);
      }
    }
    const { frame, turnEngine, framesOver300Ms } = result.latency;
    expect(frame.count).toBeGreaterThan(1000);
    expect(turnEngine.count).toBeGreaterThan(10);
    expect(framesOver300Ms).toBe(0);
  });

  test("speaks at least three flows, and understands the callees' speech in them", () => {
    const flows = result.calls
      .filter(({ transcript }) => transcript.some(({ side }) => side === "callee"))
      .map(({ flow }) => flow);
    expect(new Set(flows).size).toBeGreaterThanOrEqual(3);
  });

  test("lets the right prompt be heard first in every call, among decoys", () => {
    expect(recordings.length).toBeGreaterThanOrEqual(10);
    for (const { call, understood } of recordings) {
      const { id, turns } = scriptOf(call);
      expect([id, understood[0]]).toEqual([id, comparable(turns[0]!.hear!)]);
    }
  });

  test("says nothing in which a recogniser hears a prompt that no flow says", () => {
    const decoys = new Set(DECOYS.map(comparable));
    const texts = recordings.flatMap(({ understood }) => understood);
    expect(texts.filter((text) => text !== null && decoys.has(text))).toEqual([]);
    const right = texts.filter((text) => text !== null).length;
    expect(right / texts.length).toBeGreaterThan(0.7);
  });

  test("never speaks while the callee does, but where the callee speaks over it", () => {
    for (const { call, measures } of recordings) {
      const script = scriptOf(call);
      const wrong = measures.overlaps.filter(
        ({ by, fromMs, toMs }) =>
          toMs - fromMs > alignmentMsMax && !(by === "callee" && speaksOver(script)),
      );
      expect([script.id, wrong]).toEqual([script.id, []]);
    }
  });

  test("falls silent within 200 ms of a confirmed interruption: in the WAV, and to the callee", () => {
    const row = ({ call, measures, understood }: Recording) => ({
      name: call.callee,
      measures,
      reportedSilenceMs: call.interruptions[0]?.silentAfterMs ?? undefined,
      understood: {
        count: understood.filter((text) => text !== null).length,
        of: understood.length,
      },
    });
    console.log(`\n${formatRecordings(recordings.map(row))}`);
    const { call, measures } = recordings.find(({ call: { callee } }) => callee === "interrupts")!;
    expect(measures.overlaps.map(({ by }) => by)).toEqual(["callee"]);
    const [overlap] = measures.overlaps;
    expect(overlap!.onsetToSilenceMs).toBeLessThan(onsetToSilenceMsMax);
    expect(call.interruptions).toHaveLength(1);
    const { isCleared, silentAfterMs } = call.interruptions[0]!;
    expect(isCleared).toBe(true);
    expect(silentAfterMs).toBeLessThan(onsetToSilenceMsMax);
    // Sooner than it could be confirmed would be a fault of the measure.
    expect(silentAfterMs).toBeGreaterThan(confirmationMs - 40);
    // Two clocks, two processes, one truth: both sides of the recording lie where they were heard.
    expect(Math.abs(overlap!.onsetToSilenceMs - silentAfterMs!)).toBeLessThan(alignmentMsMax);
  });
});

describe("the demonstration without speech recognition", () => {
  let run: Run;
  let result: DemoResult;
  beforeAll(async () => {
    run = await keyed;
    result = resultOf(run);
  }, 120_000);

  test("reaches the same outcomes by keypad alone, with the chosen callees only", () => {
    expect(outcomes(result)).toEqual(expectations(scripts.filter(({ id }) => byKey.includes(id))));
    expect(run.code, run.err).toBe(0);
    const texts = result.calls.flatMap(({ transcript }) => transcript);
    expect(texts.filter(({ side }) => side === "callee")).toEqual([]);
    const talked = result.calls.filter(({ wav }) => wav !== undefined);
    expect(talked.every(({ keys }) => keys.length > 0)).toBe(true);
    expect(talked).toHaveLength(byKey.length - 1);
  });

  test("says in the result and in its notes why nobody is understood", () => {
    expect(result.recognitionNote).toMatch(/switched off/);
    expect(run.err).toMatch(/note: .*keypad/);
  });

  test("gives way at once to a key, and nobody is heard but us", () => {
    for (const { wav } of result.calls) {
      if (wav === undefined) continue;
      const { callee, agent } = measureRecording(readFileSync(wav));
      expect(callee).toEqual([]);
      expect(agent.length).toBeGreaterThan(0);
    }
    const { interruptions } = result.calls.find(({ callee }) => callee === "interrupts")!;
    expect(interruptions).toMatchObject([{ isCleared: true }]);
    // Nothing has to be confirmed: a key is a key.
    expect(interruptions[0]!.silentAfterMs).toBeLessThan(silenceAfterConfirmationMs);
  });
});

test("a callee that does not exist is refused before anything starts", async () => {
  const run = await demo(["--callee", "nobody", "busy"]);
  expect([run.code, run.out]).toEqual([1, ""]);
  expect(run.err).toMatch(/no callee nobody; there are busy, confirms-appointment/);
});
