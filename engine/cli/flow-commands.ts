/** `voxtree flow …`: what an author of conversations uses. No engine runs here. */
import { createInterface, type Interface } from "node:readline";
import type { CompiledFlow } from "../../dialog/dialog-types.js";
import { FlowError, FlowFileError, type Mistake } from "../../dialog/flow-errors.js";
import { listFlows, loadFlow } from "../../dialog/flow-files.js";
import { exampleVariables, talk } from "../../dialog/talk.js";
import type { Terminal } from "./terminal.js";

/** Prints every mistake of every flow as `file:line:column: message`; 0 when there is none. */
export async function checkFlows(
  references: readonly string[],
  { write, writeError }: Terminal,
): Promise<number> {
  let mistakeCount = 0;
  for (const reference of references) {
    const lines = await mistakesOf(reference);
    mistakeCount += lines.length;
    write(lines.length === 0 ? `${reference}: good\n` : `${lines.join("\n")}\n`);
  }
  if (mistakeCount === 0) return 0;
  writeError(mistakeCount === 1 ? "1 mistake\n" : `${mistakeCount} mistakes\n`);
  return 1;
}

async function mistakesOf(reference: string): Promise<string[]> {
  try {
    await loadFlow(reference);
    return [];
  } catch (error) {
    if (error instanceof FlowError) {
      return error.mistakes.map((mistake) => `${reference}:${describeMistake(mistake)}`);
    }
    if (error instanceof FlowFileError) return [`${reference}: ${error.message}`];
    throw error;
  }
}

function describeMistake({ line, column, path, message }: Mistake): string {
  return `${line}:${column}: ${path === "" ? "" : `${path}: `}${message}`;
}

/** Plays a flow in the terminal: the person types what the caller says. */
export async function talkFlow(
  reference: string,
  given: Readonly<Record<string, string>>,
  { write }: Terminal,
): Promise<number> {
  const flow = await loadFlow(reference);
  const variables = { ...exampleVariables(flow), ...given };
  const terminal = createInterface({ input: process.stdin, prompt: "" });
  // Ctrl+C is how a caller hangs up.
  terminal.on("SIGINT", () => terminal.close());
  try {
    const input = promptedLines(terminal, () => process.stdin.isTTY && write("< "));
    const line = (text: string) => write(`${text}\n`);
    const { outcome, snapshot } = await talk({ flow, variables, input, write: line });
    write(describeEnd(outcome, snapshot.variables));
    return 0;
  } finally {
    terminal.close();
  }
}

/** The lines of a terminal, each asked for when it is wanted. */
async function* promptedLines(lines: Interface, ask: () => void): AsyncGenerator<string> {
  const incoming = lines[Symbol.asyncIterator]();
  for (;;) {
    ask();
    const next = await incoming.next();
    if (next.done === true) return;
    yield next.value;
  }
}

function describeEnd(outcome: string, variables: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(variables).map(([name, value]) => `  ${name} = ${value}\n`);
  return `outcome: ${outcome}\n${pairs.join("")}`;
}

/** Prints the flows that come with the package. */
export async function printFlows({ write }: Terminal): Promise<number> {
  for (const { name } of await listFlows()) write(describeFlow(name, await loadFlow(name)));
  return 0;
}

function describeFlow(name: string, { language, variables, outcomes }: CompiledFlow): string {
  const wanted = variables.map((one) => (one.isRequired ? one.name : `[${one.name}]`));
  const lines = [
    `${name}  (${language})`,
    ...(wanted.length === 0 ? [] : [`  variables: ${wanted.join(", ")}`]),
    `  outcomes:  ${outcomes.join(", ")}`,
  ];
  return `${lines.join("\n")}\n`;
}
