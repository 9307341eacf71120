/**
 * `npm run bench -- NAME [options]`: runs one bench and prints its result, for a person or with
 * `--json` as one line. `--save` keeps the line under `bench/results/`.
 */
import { appendFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { packageRoot } from "../base/compiled-entry.js";
import { formatKernel, kernelBench } from "./kernel/kernel-bench.js";
import { formatLatency, latencyBench } from "./latency/latency-bench.js";
import { machine } from "./support/machine.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    calls: { type: "string", default: "20" },
    seconds: { type: "string", default: "10" },
    json: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
  },
});

/** A whole number from the command line. */
function count(name: "calls" | "seconds", max: number): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  process.stderr.write(`--${name} ${values[name]}: give a whole number from 1 to ${max}\n`);
  process.exit(2);
}

const name = positionals[0] ?? "";
if (name !== "latency" && name !== "kernel") {
  process.stderr.write(`no bench "${name}"; there is: kernel, latency\n`);
  process.exit(2);
}
const options = {
  calls: count("calls", 500),
  seconds: count("seconds", 600),
  progress: (text: string): void => void process.stderr.write(`${text}\n`),
};
const measured = name === "kernel" ? await kernelBench(options) : await latencyBench(options);
const result = { ...measured, ...machine() };
const line = JSON.stringify(result);
const text = measured.bench === "kernel" ? formatKernel(measured) : formatLatency(measured);
process.stdout.write(values.json ? `${line}\n` : text);
if (values.save) {
  const file = fileURLToPath(new URL(`bench/results/${name}.jsonl`, packageRoot));
  await appendFile(file, `${line}\n`);
}
process.exitCode = result.isValid ? 0 : 1;
