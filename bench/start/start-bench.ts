/**
 * Question: how long from the start of the process until the engine takes calls?
 *
 * With the flows that come with the package and their prompts, on an empty data folder: the first
 * start of an installation.
 */
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../base/compiled-entry.js";
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
  const runs: { readyMs: number; engineMs: number; cpuSeconds: number; rssMb: number }[] = [];
  const notes = new Set<string>();
  for (let run = 1; run <= repeats; run += 1) {
    progress(`start ${run} of ${repeats}`);
    const beganMs = performance.now();
    const engine = new EngineProcess();
    try {
      const config = flows === "one" ? oneWord : {};
      const started = await engine.start({ gateway: { port: 0 }, ...config });
      const readyMs = performance.now() - beganMs;
      const { cpuSeconds, rssMb } = usageOf(engine.pid);
      runs.push({ readyMs, engineMs: started.startMs, cpuSeconds, rssMb });
      for (const note of started.notes) notes.add(note);
    } finally {
      await engine.stop();
    }
  }
  const of = (name: keyof (typeof runs)[number], digits: number): Spread =>
    spreadOf(
      runs.map((run) => run[name]),
      digits,
    );
  return {
    bench: "start",
    repeats,
    flows,
    readyMs: of("readyMs", 0),
    engineMs: of("engineMs", 0),
    cpuSeconds: of("cpuSeconds", 2),
    rssMb: of("rssMb", 1),
    isValid: runs.length === repeats,
    notes: [...notes],
  };
}

export const start = defineBench({
  name: "start",
  question: "how long until the engine takes calls?",
  options,
  run: startBench,
  format({ readyMs, engineMs, cpuSeconds, rssMb, repeats, flows, notes }: StartResult) {
    const row = (name: string, unit: string, { median, min, max }: Spread): string =>
      `  ${name.padEnd(14)}${String(round(median, 2)).padStart(8)} ${unit}  (${min} … ${max})\n`;
    return (
      `start: ${repeats} times, flows: ${flows}\n` +
      row("ready after", "ms", readyMs) +
      row("engine's part", "ms", engineMs) +
      row("CPU", "s", cpuSeconds) +
      row("memory", "MB", rssMb) +
      notes.map((note) => `  ! ${note}\n`).join("")
    );
  },
});
