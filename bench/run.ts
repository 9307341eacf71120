/**
 * `npm run bench -- NAME [options]`: runs one bench and prints its result, for a person or with
 * `--json` as one line. `--save` keeps the line under `bench/results/`.
 */
import { appendFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../base/compiled-entry.js";
import { benches } from "./registry.js";
import { commands, type BenchCommand } from "./report/commands.js";
import type { Bench, OptionSpec, OptionSpecs } from "./support/bench.js";
import { machine } from "./support/machine.js";
import { OptionError, parseOptions } from "./support/parse-options.js";

const common = {
  json: { kind: "flag", help: "one line of JSON" },
  save: { kind: "flag", help: "keep the line under bench/results/" },
  help: { kind: "flag", help: "this text" },
} as const satisfies OptionSpecs;

const [name = "help", ...args] = process.argv.slice(2);
const bench = benches.find((one) => one.name === name);
const command = commands.find((one) => one.name === name);
if (command !== undefined) {
  await runCommand(command);
} else if (bench === undefined) {
  process.stderr.write(name === "help" ? overview() : `no bench "${name}"\n${overview()}`);
  process.exitCode = name === "help" ? 0 : 2;
} else {
  try {
    await runBench(bench);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    process.stderr.write(`${error.message}\n\n${helpOf(bench)}`);
    process.exitCode = 2;
  }
}

async function runBench(chosen: Bench): Promise<void> {
  const { values } = parseOptions({ ...chosen.options, ...common }, args);
  if (values["help"] === true) return void process.stdout.write(helpOf(chosen));
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  const measured = await chosen.run(values as never, progress);
  const line = JSON.stringify({ ...measured, ...machine() });
  process.stdout.write(values["json"] === true ? `${line}\n` : chosen.format(measured as never));
  if (values["save"] === true) {
    const file = fileURLToPath(new URL(`bench/results/${chosen.name}.jsonl`, packageRoot));
    await appendFile(file, `${line}\n`);
  }
  process.exitCode = measured.isValid ? 0 : 1;
}

async function runCommand(chosen: BenchCommand): Promise<void> {
  try {
    process.stdout.write(await chosen.run(args));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 2;
  }
}

function overview(): string {
  const rows = [
    ...benches.map((one) => `  ${one.name.padEnd(10)} ${one.question}\n`),
    "\n",
    ...commands.map((one) => `  ${one.name.padEnd(10)} ${one.help}\n`),
  ];
  return `npm run bench -- NAME [--help]\n\n${rows.join("")}`;
}

function helpOf({ name: title, question, options }: Bench): string {
  const rows = Object.entries({ ...options, ...common }).map(
    ([option, spec]) => `  --${option.padEnd(16)} ${spec.help}${rangeOf(spec)}\n`,
  );
  return `${title}: ${question}\n\n${rows.join("")}`;
}

function rangeOf(spec: OptionSpec): string {
  if (spec.kind === "flag") return "";
  if (spec.kind === "word") return ` (${spec.words.join(", ")}; default ${spec.default})`;
  return ` (${spec.min ?? 1} to ${spec.max}; default ${spec.default})`;
}
