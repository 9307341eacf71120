/** `voxtree serve` as a process of its own, for tests that take the whole process away. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compiledEntry } from "../../base/compiled-entry.js";
import type { CallView } from "../../engine/engine-node.js";
import { flowFile } from "./engine-rig.js";

/** Hears everything, does nothing. */
const silentScript = `
id: silent
description: hears everything, does nothing
flow: two-keys
variables: { name: Anna Miller }
protocol: PROTOCOL
answer: { after: 0ms }
expectOutcome: completed
turns:
  - hear: Press one, Anna Miller.
    then: silence
`;

const ringing = `
id: ringing
description: never answers
flow: two-keys
variables: { name: Anna Miller }
answer: noAnswer
expectOutcome: no_answer
`;

export type LogLine = { readonly msg: string; readonly callId?: string };

export type ServedEngine = {
  readonly pid: number;
  readonly url: string;
  /** What it logged so far. */
  readonly logs: readonly LogLine[];
  dial(script: string): Promise<CallView>;
  call(callId: string): Promise<CallView>;
  recording(callId: string): Promise<Uint8Array>;
  /** Ends it as the kernel would: nothing of it runs any more. */
  kill(): Promise<void>;
  stop(): Promise<void>;
};

/** Writes a configuration with two silent callees and one who never answers. */
export function writeEngineFiles(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const protocol of ["twilio", "native"]) {
    const script = silentScript.replace("PROTOCOL", protocol).replace("silent", protocol);
    writeFileSync(join(folder, `${protocol}.yaml`), script);
  }
  writeFileSync(join(folder, "ringing.yaml"), ringing);
  const config = join(folder, "voxtree.yaml");
  writeFileSync(
    config,
    `gateway: { port: 0 }
http: { port: 0 }
threads: { shards: 2, jobWorkers: 1 }
recognition: { enabled: false }
storage: { dataDir: data }
flows: [${JSON.stringify(flowFile("test/flows/two-keys.yaml"))}]
trunks: [{ name: loopback, kind: loopback, scripts: [twilio.yaml, native.yaml, ringing.yaml] }]
`,
  );
  return config;
}

type Begun = {
  readonly child: ChildProcess;
  readonly logs: LogLine[];
  /** Resolves with the URL of its control API when it is ready. */
  readonly ready: Promise<string>;
  readonly exited: Promise<void>;
};

/**
 * Starts the process; it may not be ready yet.
 *
 * @param onLog told of every line, e.g. to kill it at that moment
 */
export function beginEngine(
  config: string,
  onLog: (line: LogLine, child: ChildProcess) => void = () => undefined,
): Begun {
  const entry = fileURLToPath(compiledEntry("engine/cli/main.js"));
  const args = ["--no-warnings", entry, "serve", "--config", config];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const logs: LogLine[] = [];
  eachLine(child.stderr, (text) => {
    if (!text.startsWith("{")) return;
    const line = JSON.parse(text) as LogLine;
    logs.push(line);
    onLog(line, child);
  });
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const ready = new Promise<string>((resolve, reject) => {
    let url = "";
    eachLine(child.stdout, (text) => {
      url = /^control +(\S+)/.exec(text)?.[1] ?? url;
      if (text.startsWith("ready:")) resolve(url);
    });
    void exited.then(() => reject(new Error(`it ended before it was ready: ${lastOf(logs)}`)));
  });
  ready.catch(() => undefined);
  return { child, logs, ready, exited };
}

function lastOf(logs: readonly LogLine[]): string {
  return JSON.stringify(logs.slice(-3));
}

export async function serveEngine(config: string): Promise<ServedEngine> {
  const { child, logs, ready, exited } = beginEngine(config);
  const url = await ready;
  const end = (signal: NodeJS.Signals) => async (): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  const json = async (path: string, init?: RequestInit): Promise<CallView> => {
    const response = await fetch(`${url}${path}`, init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as CallView;
  };
  return {
    pid: child.pid!,
    url,
    logs,
    dial(script) {
      const variables = { name: "Anna Miller" };
      const request = { userId: "person-1", flow: "two-keys", trunk: "loopback", to: script };
      const body = JSON.stringify({ ...request, variables });
      const headers = { "content-type": "application/json" };
      return json("/v1/calls", { method: "POST", headers, body });
    },
    call: (callId) => json(`/v1/calls/${callId}`),
    async recording(callId) {
      const response = await fetch(`${url}/v1/calls/${callId}/recording`);
      if (!response.ok) throw new Error(await response.text());
      return new Uint8Array(await response.arrayBuffer());
    },
    kill: end("SIGKILL"),
    stop: end("SIGTERM"),
  };
}

function eachLine(stream: NodeJS.ReadableStream | null, take: (text: string) => void): void {
  let rest = "";
  stream?.setEncoding("utf8");
  stream?.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) take(line);
  });
}
