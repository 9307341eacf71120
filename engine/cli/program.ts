/**
 * The command line: what there is and what it means. The commands themselves are loaded when they
 * run, so that `flow check` does not wait for an engine it never starts.
 */
import { readFileSync } from "node:fs";
import { Command, Option, InvalidArgumentError } from "commander";
import { packageRoot } from "../../base/compiled-entry.js";
import { parseDuration } from "../../config/units.js";
import type { Terminal } from "./terminal.js";

/**
 * Builds the program.
 *
 * @param exit told the exit code of the command that ran
 */
export function createProgram(terminal: Terminal, exit: (code: number) => void): Command {
  const program = new Command("voxtree")
    .description("Intelligent outbound calls: it dials, listens, decides and speaks.")
    .version(packageVersion(), "--version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .showSuggestionAfterError()
    .showHelpAfterError("(add --help for what there is)")
    .addHelpText("after", programHelp);
  addDemo(program, terminal, exit);
  addServe(program, terminal, exit);
  addFlow(program, terminal, exit);
  return program;
}

const programHelp = `
Start here:
  voxtree demo                                hear the engine talk to simulated callees
  voxtree flow list                           conversations that come with the package
  voxtree flow talk service-selection         play the caller yourself, in text
  voxtree serve --config voxtree.yaml         an engine with an HTTP API

Exit codes: 0 done as wanted, 1 something is wrong (the last lines say what).`;

type Exit = (code: number) => void;

type DemoOptions = {
  readonly json: boolean;
  readonly recognition: boolean;
  readonly out: string;
  readonly callee?: string[];
};

function addDemo(program: Command, terminal: Terminal, exit: Exit): void {
  program
    .command("demo")
    .description("Start everything in one process and let simulated callees answer real calls.")
    .option("--json", "print one JSON document instead of text", false)
    .option("--no-recognition", "leave speech recognition off: callees answer by keypad")
    .option(
      "--out <dir>",
      "folder for the recordings (WAV: left the callee, right we)",
      "demo-output",
    )
    .option("--callee <id...>", "dial only these callees; left out, all of them")
    .addHelpText("after", demoHelp)
    .action(async (options: DemoOptions) => {
      const { demo } = await import("./demo-command.js");
      const { json: isJson, recognition: useRecognition, out: outDir, callee: callees } = options;
      const chosen = callees === undefined ? {} : { callees };
      exit(await demo({ isJson, useRecognition, outDir, ...chosen }, terminal));
    });
}

const demoHelp = `
Nothing needs to be configured, and no phone line is used. Every call goes through the whole engine:
WebSocket, gateway, shard, voice, recognition, dialog, recording. Exits with 0 only if every call
reached the outcome its script expects.

Speech recognition wants two Debian packages: apt-get install libpocketsphinx3 pocketsphinx-en-us`;

function addServe(program: Command, terminal: Terminal, exit: Exit): void {
  program
    .command("serve")
    .description("Run an engine: media gateway, calls, and an HTTP API to start them.")
    .option("--config <file>", "configuration; left out, every default (docs/configuration.md)")
    .addOption(drainOption())
    .addHelpText("after", serveHelp)
    .action(async (options: { config?: string; drain: number }) => {
      const { serve } = await import("./serve-command.js");
      exit(await serve({ configFile: options.config, drainMs: options.drain }, terminal));
    });
}

const serveHelp = `
Examples are in config/examples/: minimal.yaml to begin with, complete.yaml with every key. All
mistakes of a configuration are told at once, with line and column.

Start a call (the loopback trunk dials simulated callees):
  curl -s http://127.0.0.1:8081/v1/calls -H 'Content-Type: application/json' \\
    -d '{"userId":"u-1","flow":"satisfaction-survey","variables":{"service":"the repair"},
         "trunk":"loopback","to":"survey-by-keypad"}'

The first Ctrl+C (or SIGTERM) takes no new calls and waits for those under way; the second ends at
once. Logs go to standard error.`;

function addFlow(program: Command, terminal: Terminal, exit: Exit): void {
  const flow = program
    .command("flow")
    .description("Write conversations: check them, try them, see what there is.")
    .helpCommand(false);
  flow
    .command("check")
    .description("Tell every mistake of flow files as file:line:column: message.")
    .argument("<file...>", "paths, or names of shipped flows")
    .action(async (files: string[]) => {
      const { checkFlows } = await import("./flow-commands.js");
      exit(await checkFlows(files, terminal));
    });
  flow
    .command("talk")
    .description("Play the caller in text: no audio, no engine, the same dialog.")
    .argument("<file>", "path, or name of a shipped flow")
    .option("--set <name=value>", "value of a variable, repeatable; left out, its example", setting)
    .addHelpText("after", talkHelp)
    .action(async (file: string, options: { set?: Record<string, string> }) => {
      const { talkFlow } = await import("./flow-commands.js");
      exit(await talkFlow(file, options.set ?? {}, terminal));
    });
  flow
    .command("list")
    .description("Print the shipped flows with their variables and outcomes.")
    .action(async () => {
      const { printFlows } = await import("./flow-commands.js");
      exit(await printFlows(terminal));
    });
}

const talkHelp = `
Type what the caller says, line by line. An empty line is silence, "/keys 12#" presses keys,
"/hangup" (or Ctrl+D) hangs up.

  voxtree flow talk appointment-reminder --set name="Ms Li"`;

function drainOption(): Option {
  return new Option("--drain <duration>", "how long calls may go on after the first signal")
    .argParser(duration)
    .default(30_000, "30s");
}

function duration(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) {
    throw new InvalidArgumentError('A duration has a unit: "500ms", "30s", "2m".');
  }
  return durationMs;
}

function setting(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError('Write it as name=value, e.g. --set name="Ms Li".');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

function packageVersion(): string {
  const text = readFileSync(new URL("package.json", packageRoot), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
