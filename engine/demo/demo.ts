/**
 * The demonstration: the whole engine in this process, simulated callees in another, and real
 * spoken calls between them over WebSockets. It succeeds only if every call ends as scripted.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { EngineError } from "../../base/errors.js";
import { nodeTime } from "../../base/node-ports.js";
import { defaultConfig } from "../../config/default-config.js";
import type { Config } from "../../config/schema.js";
import type { CallView, EngineNode } from "../engine-node.js";
import type { CalleeReport } from "../loopback/callee-report.js";
import type { CalleeScript } from "../loopback/callee-script.js";
import { createLoopbackTrunk } from "../loopback/loopback-trunk.js";
import { loadScripts } from "../loopback/script-files.js";
import { createNode } from "../node/node.js";
import { demoResult, type DemoCall, type DemoResult } from "./demo-result.js";
import { formatSummary, TranscriptPrinter } from "./demo-text.js";

export type DemoOptions = {
  /** One JSON document on `write` instead of text. */
  readonly isJson: boolean;
  /** False: callers answer by keypad, as on a machine without a recogniser. */
  readonly useRecognition: boolean;
  /** Ids of the scripts to be dialled; left out: all that are shipped. */
  readonly callees?: readonly string[];
  /** Folder for the recordings; made when absent. */
  readonly outDir: string;
  readonly write: (text: string) => void;
  /** Warnings, by line. */
  readonly writeError: (text: string) => void;
  /** What is going on before the calls begin; undefined once they do. */
  readonly progress: (text: string | undefined) => void;
  /** Ends all calls politely, then the demonstration. */
  readonly signal?: AbortSignal;
};

/** Exit code of a process that was interrupted, by convention of shells. */
const interrupted = 130;

/**
 * @returns the exit code: 0 when every call reached its expected outcome
 * @throws {EngineError} `UNKNOWN_CALLEE`; whatever keeps the engine from starting
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), "voxtree-demo-"));
  try {
    const result = await demonstrate(options, dataDir);
    if (options.isJson) options.write(`${JSON.stringify(result)}\n`);
    else options.write(formatSummary(result));
    if (options.signal?.aborted === true) return interrupted;
    return result.calls.every(({ outcome, expected }) => outcome === expected) ? 0 : 1;
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function demonstrate(options: DemoOptions, dataDir: string): Promise<DemoResult> {
  const scripts = chosen(await loadScripts(), options.callees);
  const reports = new Map<string, CalleeReport>();
  const time = nodeTime();
  const trunk = createLoopbackTrunk({
    scripts,
    time,
    isRecognizing: options.useRecognition,
    streamsMax: scripts.length,
    onReport: (callId, report) => reports.set(callId, report),
  });
  const node = createNode(demoConfig(options, dataDir), {
    time,
    trunks: [trunk],
    log: (level, message, fields) => {
      if (level === "error") options.writeError(`${message} ${JSON.stringify(fields)}\n`);
    },
  });
  const stop = (): void => void node.stop();
  options.signal?.addEventListener("abort", stop, { once: true });
  try {
    await node.start(options.progress);
    options.progress(undefined);
    for (const note of node.health().notes) options.writeError(`note: ${note}\n`);
    const calls = await makeCalls(options, node, scripts, reports);
    return demoResult(calls, node.latency(), trunk.recognition);
  } finally {
    options.signal?.removeEventListener("abort", stop);
    await node.stop();
  }
}

function chosen(
  scripts: readonly CalleeScript[],
  callees: readonly string[] | undefined,
): readonly CalleeScript[] {
  if (callees === undefined) return scripts;
  const known = scripts.map(({ id }) => id);
  const unknown = callees.filter((callee) => !known.includes(callee));
  if (unknown.length > 0) {
    const message = `there is no callee ${unknown.join(", ")}; there are ${known.join(", ")}`;
    throw new EngineError("UNKNOWN_CALLEE", message, { unknown, known });
  }
  return scripts.filter(({ id }) => callees.includes(id));
}

function demoConfig(options: DemoOptions, dataDir: string): Config {
  const recognition = options.useRecognition ? {} : { isEnabled: false };
  return defaultConfig({
    gateway: { port: 0 },
    // One of the callees never answers: nobody should wait half a minute to see that.
    calls: { ringMsMax: 6000, answerMsMax: 12_000 },
    storage: { dataDir, kekFile: join(dataDir, "kek") },
    recognition,
    trunks: [],
  });
}

/** Dials everybody at once, prints as they talk, and keeps the recordings. */
async function makeCalls(
  options: DemoOptions,
  node: EngineNode,
  scripts: readonly CalleeScript[],
  reports: ReadonlyMap<string, CalleeReport>,
): Promise<DemoCall[]> {
  const outDir = resolve(options.outDir);
  await mkdir(outDir, { recursive: true });
  const printer = new TranscriptPrinter(options.isJson ? () => undefined : options.write);
  return Promise.all(
    scripts.map(async (script) => {
      const { id, flow, variables } = script;
      const request = { userId: `demo-${id}`, flow, variables, trunk: "loopback", to: id };
      const started = await node.startCall(request, (view) => printer.update(id, view));
      const view = await node.callEnded(started.callId);
      const wavFile = await keepRecording(node, view, join(outDir, `${id}.wav`));
      return { script, view, wavFile, report: reports.get(view.callId) };
    }),
  );
}

async function keepRecording(
  node: EngineNode,
  view: CallView,
  path: string,
): Promise<string | undefined> {
  const wav = await node.readRecording(view.callId);
  if (wav === undefined) return undefined;
  await writeFile(path, wav);
  return path;
}
