/**
 * Question: how long from the start of the process until the engine takes calls?
 *
 * With the flows that come with the package, on an empty data folder: the first start of an
 * installation, which renders its prompts while it takes calls. Then again, with them on disk.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../base/compiled-entry.js";
import type { ConfigOverrides } from "../../config/default-config.js";
import { EngineProcess } from "../engine/engine-process.js";
import { defineBench, type OptionValues, type Progress } from "../support/bench.js";
import { round, spreadOf, type Spread } from "../support/figures.js";
import { usageOf } from "../support/process-usage.js";

const options = {
  repeats: { kind: "count", default: 5, max: 100, help: "starts" },
  flows: {
    kind: "word",
    words: ["shipped", "one"],
    default: "shipped",
    help: "whose prompts are rendered; one: of a single word, without recognition",
  },
} as const;

export type StartResult = {
  readonly bench: "start";
  readonly repeats: number;
  readonly flows: string;
  /** Fork → `start()` resolved. */
  readonly readyMs: Spread;
  /** … → all prompts are rendered. */
  readonly renderedMs: Spread;
  /** Fork → all prompts are there, at the next start. */
  readonly againMs: Spread;
  /** The engine's own part of it. */
  readonly engineMs: Spread;
  readonly cpuSeconds: Spread;
  /** Memory once it is ready, without a call. */
  readonly rssMb: Spread;
  readonly isValid: boolean;
  readonly notes: readonly string[];
};

const oneWord = {
  flows: [fileURLToPath(new URL("bench/memory/one-word.yaml", packageRoot))],
  recognition: { isEnabled: false },
};

export async function startBench(
  { repeats, flows }: OptionValues<typeof options>,
  progress: Progress,
): Promise<StartResult> {
  const runs: (StartedOnce & { readonly againMs: number })[] = [];
  const notes = new Set<string>();
  for (let run = 1; run <= repeats; run += 1) {
    progress(`start ${run} of ${repeats}`);
    const config = { gateway: { port: 0 }, trunks: [], ...(flows === "one" ? oneWord : {}) };
    const dataDir = await mkdtemp(join(tmpdir(), "voxtree-start-"));
    try {
      const first = await startOnce(dataDir, config);
      const { renderedMs: againMs } = await startOnce(dataDir, config);
      runs.push({ ...first, againMs });
      for (const note of first.notes) notes.add(note);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  }
  type Figure = Exclude<keyof (typeof runs)[number], "notes">;
  const of = (name: Figure, digits: number): Spread =>
    spreadOf(
      runs.map((run) => run[name]),
      digits,
    );
  return {
    bench: "start",
    repeats,
    flows,
    readyMs: of("readyMs", 0),
    renderedMs: of("renderedMs", 0),
    againMs: of("againMs", 0),
    engineMs: of("engineMs", 0),
    cpuSeconds: of("cpuSeconds", 2),
    rssMb: of("rssMb", 1),
    isValid: runs.length === repeats,
    notes: [...notes],
  };
}

type StartedOnce = Awaited<ReturnType<typeof startOnce>>;

async function startOnce(dataDir: string, config: ConfigOverrides) {
  const beganMs = performance.now();
  const engine = new EngineProcess();
  try {
    const { startMs: engineMs, notes } = await engine.startIn(dataDir, config);
    const readyMs = performance.now() - beganMs;
    await engine.promptsReady();
    const renderedMs = performance.now() - beganMs;
    return { readyMs, engineMs, renderedMs, notes, ...usageOf(engine.pid) };
  } finally {
    await engine.stop();
  }
}

export const start = defineBench({
  name: "start",
  question: "how long until the engine takes calls?",
  options,
  run: startBench,
  format({
    readyMs,
    renderedMs,
    againMs,
    engineMs,
    cpuSeconds,
    rssMb,
    repeats,
    flows,
    notes,
  }: StartResult) {
    const row = (name: string, unit: string, { median, min, max }: Spread): string =>
      `  ${name.padEnd(14)}${String(round(median, 2)).padStart(8)} ${unit}  (${min} … ${max})\n`;
    return (
      `start: ${repeats} times, flows: ${flows}\n` +
      row("ready after", "ms", readyMs) +
      row("all rendered", "ms", renderedMs) +
      row("second start", "ms", againMs) +
      row("engine's part", "ms", engineMs) +
      row("CPU", "s", cpuSeconds) +
      row("memory", "MB", rssMb) +
      notes.map((note) => `  ! ${note}\n`).join("")
    );
  },
});
