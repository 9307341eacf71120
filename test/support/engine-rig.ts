/** A whole engine for a test: real threads and processes, a fresh folder, the loopback trunk. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../base/compiled-entry.js";
import { nodeThreadHost, nodeTime } from "../../base/node-ports.js";
import type { ThreadHandle, ThreadHost } from "../../base/ports.js";
import { defaultConfig, type ConfigOverrides } from "../../config/default-config.js";
import type { CallRequest, CallView, EngineNode } from "../../engine/engine-node.js";
import type { CalleeReport } from "../../engine/loopback/callee-report.js";
import type { CalleeScript } from "../../engine/loopback/callee-script.js";
import { createLoopbackTrunk, type LoopbackTrunk } from "../../engine/loopback/loopback-trunk.js";
import { loadScripts } from "../../engine/loopback/script-files.js";
import { createNode } from "../../engine/node/node.js";

/** Flow files of the repository by path. */
export const flowFile = (path: string): string => fileURLToPath(new URL(path, packageRoot));

/** Presses one, then two, at the end of each prompt of `test/flows/two-keys.yaml`. */
const twoKeys: CalleeScript = {
  id: "two-keys",
  description: "presses one, then two",
  flow: "two-keys",
  variables: { name: "Anna Miller" },
  protocol: "twilio",
  voice: "rms",
  answer: { kind: "answer", afterMs: 0 },
  expectOutcome: "completed",
  turns: [],
  keypadOnly: ["1", "2"].map((digits) => ({
    again: [],
    delayMs: 0,
    action: { kind: "press", digits },
  })),
  alsoHeard: [],
};

/** The same on a protocol whose clients come back when they lose their connection. */
const native: CalleeScript = { ...twoKeys, id: "two-keys-native", protocol: "native" };
/** Rings for a while. */
const hesitant: CalleeScript = {
  ...twoKeys,
  id: "two-keys-later",
  answer: { kind: "answer", afterMs: 1500 },
};

/** Hears everything, does nothing. */
const silent: CalleeScript = { ...twoKeys, id: "silent", keypadOnly: [] };

export type LogLine = {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

export type EngineRig = {
  readonly node: EngineNode;
  readonly trunk: LoopbackTrunk;
  readonly scripts: readonly CalleeScript[];
  readonly dataDir: string;
  /**
   * Newest thread of each name, for taking it away; and who has place n among the shards, under
   * `shard-n`, or among those in quarantine, under `quarantine-n`.
   */
  readonly threads: ReadonlyMap<string, ThreadHandle>;
  readonly logs: readonly LogLine[];
  readonly reports: ReadonlyMap<string, CalleeReport>;
  /** Dials the callee of a shipped script. */
  dial(scriptId: string, onView?: (view: CallView) => void): Promise<CallView>;
  stop(): Promise<void>;
};

/** Resolves with the first view of a call for which `fits` holds. */
export function whenView(fits: (view: CallView) => boolean) {
  let settle!: (view: CallView) => void;
  const seen = new Promise<CallView>((resolve) => (settle = resolve));
  return { seen, listener: (view: CallView) => void (fits(view) && settle(view)) };
}

/** Makes any of our threads run in a circle for ever. */
export const blockMessage = { kind: "testBlock" };
/** Makes it use up its heap. */
export const exhaustMessage = { kind: "testExhaust" };
/** Makes a promise of it reject, with nobody to hear of it. */
export const rejectMessage = { kind: "testReject" };

/** A thread's entry with a listener in front that does it harm when told to. */
function vulnerable(entry: URL): URL {
  const source = `
    import { parentPort } from "node:worker_threads";
    // First: whoever listens first gets what has come meanwhile.
    await import(${JSON.stringify(entry.href)});
    function blockTheLoop() { for (;;); }
    parentPort.on("message", ({ kind }) => {
      if (kind === "testBlock") blockTheLoop();
      if (kind === "testExhaust") for (const all = []; ; ) all.push(new Array(10_000).fill(1.5));
      if (kind === "testReject") void Promise.reject(new Error("nobody hears of it"));
    });
`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

export async function startEngine(overrides: ConfigOverrides = {}): Promise<EngineRig> {
  const dataDir = mkdtempSync(join(tmpdir(), "voxtree-test-"));
  const threads = new Map<string, ThreadHandle>();
  const seated = (thread: ThreadHandle, shardIndex: number): void => {
    const kind = shardIndex < config.threads.shardCount ? "shard" : "quarantine";
    threads.set(`${kind}-${shardIndex}`, thread);
  };
  const threadHost: ThreadHost = {
    ...nodeThreadHost,
    spawn(options) {
      const thread = nodeThreadHost.spawn({ ...options, entry: vulnerable(options.entry) });
      threads.set(options.name, thread);
      return {
        ...thread,
        post(message, transfer) {
          const { kind, link } = message as { kind: string; link?: { shardIndex: number } };
          if (kind === "attachGateway") seated(thread, link!.shardIndex);
          thread.post(message, transfer);
        },
      };
    },
  };
  const logs: LogLine[] = [];
  const reports = new Map<string, CalleeReport>();
  const scripts = [...(await loadScripts()), twoKeys, native, hesitant, silent];
  const time = nodeTime();
  const isRecognizing = overrides.recognition?.isEnabled ?? true;
  const trunk = createLoopbackTrunk({
    scripts,
    time,
    isRecognizing,
    onReport: (callId, report) => reports.set(callId, report),
  });
  const config = defaultConfig({
    ...overrides,
    gateway: { port: 0, ...overrides.gateway },
    storage: { dataDir, kekFile: join(dataDir, "kek") },
    trunks: [],
  });
  const log = (level: string, message: string, fields: object): void =>
    void logs.push({ level, message, fields: { ...fields } });
  const node = createNode(config, { time, threadHost, trunks: [trunk], log });
  await node.start();
  await node.promptsReady();
  return {
    node,
    trunk,
    scripts,
    dataDir,
    threads,
    logs,
    reports,
    dial(scriptId, onView) {
      const { flow, variables } = scripts.find(({ id }) => id === scriptId)!;
      const request: CallRequest = {
        userId: "person-1",
        flow,
        variables,
        trunk: "loopback",
        to: scriptId,
      };
      return node.startCall(request, onView);
    },
    async stop() {
      await node.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
