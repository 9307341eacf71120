/**
 * `npm run fuzz -- --codec twilio --messages 1000000`: the long run, of one codec or of all. Prints
 * what was sent, what was refused, the slowest message, and how memory went.
 */
import { Command } from "commander";
import { nodeTime } from "../../../base/node-ports.js";
import { runFuzz } from "./fuzz-run.js";
import { fuzzTargets } from "./fuzz-targets.js";

/** More than this behind the first fifth of the run is growth, in MiB. */
const growthMibMax = 16;

type Options = { readonly codec: string; readonly messages: string; readonly seed: string };

const targets = fuzzTargets();
const names = targets.map(({ name }) => name);
const { codec, messages, seed } = new Command("fuzz")
  .option("--codec <name>", `one of ${names.join(", ")}, or all`, "all")
  .option("--messages <count>", "to each", "1000000")
  .option("--seed <number>", "of the run", "1")
  .parse()
  .opts<Options>();

const chosen = targets.filter(({ name }) => codec === "all" || name === codec);
if (chosen.length === 0) {
  process.stderr.write(`--codec is ${codec}, one of ${names.join(", ")} or all is right\n`);
  process.exitCode = 2;
}

for (const target of chosen) {
  const clock = nodeTime();
  const startMs = clock.nowMs();
  const heapMib: number[] = [];
  const look = (): void => {
    globalThis.gc?.();
    heapMib.push(process.memoryUsage().heapUsed / 1024 / 1024);
  };
  const count = Number(messages);
  const every = { messages: Math.ceil(count / 10), look };
  const report = runFuzz({ target, messages: count, seed: Number(seed), clock, every });
  const growthMib = Math.max(0, (heapMib.at(-1) ?? 0) - (heapMib[1] ?? heapMib[0] ?? 0));
  const seconds = (clock.nowMs() - startMs) / 1000;
  const figures = {
    ...report,
    seconds: Number(seconds.toFixed(1)),
    growthMib: Number(growthMib.toFixed(2)),
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  if (growthMib <= growthMibMax) continue;
  process.stderr.write(`${target.name} grew by ${growthMib.toFixed(1)} MiB\n`);
  process.exitCode = 1;
}
