/** `npm run sim -- --seed 7 --calls 2000 --json`: runs the simulation and says what broke. */
import { Command } from "commander";
import { randomInt } from "node:crypto";
import { shrink, replayCommand } from "./shrink.js";
import {
  shippedFlows,
  simulate,
  type SimulationOptions,
  type SimulationResult,
} from "./simulation.js";
import { sabotages, type Sabotage } from "./sabotage.js";

type Flags = {
  readonly seed?: string;
  readonly calls: string;
  readonly only?: string;
  readonly faults?: string;
  readonly sabotage?: string;
  readonly json?: boolean;
  readonly trace?: boolean;
  readonly shrink: boolean;
};

const program = new Command("sim")
  .option("--seed <number>", "default: a fresh one, printed")
  .option("--calls <count>", "calls", "200")
  .option("--only <calls>", "only these calls of the run, e.g. 17,40")
  .option("--faults <ids>", "only these faults, e.g. 17.2,w.3; `none` for none")
  .option("--sabotage <guard>", "take a guard away, to see it caught")
  .option("--trace", "write every event")
  .option("--json", "one line")
  .option("--no-shrink", "do not look for the smallest run that fails");

async function main(): Promise<void> {
  const flags = program.parse().opts<Flags>();
  const { sabotage } = flags;
  if (sabotage !== undefined && !(sabotage in sabotages)) {
    program.error(`--sabotage ${sabotage}: there is ${Object.keys(sabotages).join(", ")}`);
  }
  const flows = await shippedFlows();
  const options: SimulationOptions = {
    seed: Number(flags.seed ?? randomInt(1, 1_000_000)),
    calls: Number(flags.calls),
    only: flags.only?.split(",").map(Number),
    faults: flags.faults === "none" ? [] : flags.faults?.split(","),
    sabotage: sabotage as Sabotage | undefined,
    flows,
    write: flags.trace === true ? (line) => process.stdout.write(`${line}\n`) : undefined,
  };
  const startedMs = performance.now();
  const result = await simulate(options);
  const { seed, calls, violations, traceHash, faults } = result;
  const seconds = (performance.now() - startedMs) / 1000;
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify({ seed, calls, violations, traceHash, faults })}\n`);
  } else process.stdout.write(summary(result, seconds));
  if (violations === 0) return;
  process.exitCode = 1;
  report(result);
  if (!flags.shrink) return;
  const small = await shrink(options, result);
  process.stderr.write(`smallest run found:\n  ${replayCommand(small.options)}\n`);
  report(small.result);
}

function summary(result: SimulationResult, seconds: number): string {
  const { seed, calls, violations, traceHash, messages, virtualMs, outcomes, faults } = result;
  const virtualSeconds = Math.round(virtualMs / 1000);
  return [
    `seed ${seed}: ${calls} calls, ${violations} violations, trace ${traceHash}`,
    `${messages} messages, ${virtualSeconds} s of virtual time in ${seconds.toFixed(1)} s`,
    `outcomes ${JSON.stringify(outcomes)}`,
    `faults ${JSON.stringify(faults)}`,
    "",
  ].join("\n");
}

/** Every rule that broke, with its first cases, and the faults around them. */
function report({ broken, struck }: SimulationResult): void {
  for (const rule of new Set(broken.map((one) => one.rule))) {
    const cases = broken.filter((one) => one.rule === rule);
    process.stderr.write(`${rule}: ${cases.length} times\n`);
    for (const { callIndex, world, atMs, what } of cases.slice(0, 4)) {
      const owner = callIndex < 0 ? `world ${world}` : `call ${callIndex}`;
      process.stderr.write(`  ${owner} at ${atMs.toFixed(0)} ms: ${what}\n`);
    }
  }
  for (const fault of struck.slice(0, 12)) process.stderr.write(`  ${JSON.stringify(fault)}\n`);
}

await main();
