/**
 * The engine under test, in a process of its own, so that its CPU and memory are nobody else's. It
 * is the product as an embedder runs it; only its trunk is ours, and tells the generator whom to
 * call instead of dialling.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Trunk } from "../../access/trunks/trunk.js";
import { EngineError, toErrorData } from "../../base/errors.js";
import type { Config } from "../../config/schema.js";
import { defaultConfig } from "../../config/default-config.js";
import type { CallView, EngineNode } from "../../engine/engine-node.js";
import { admissionLimits } from "../../engine/node/admission.js";
import { createNode, type NodeParts } from "../../engine/node/node.js";
import { churnCalls } from "./call-churn.js";
import type { Asks } from "../support/child.js";
import { serveParent, type Answers } from "../support/child-side.js";
import type {
  EngineAsks,
  EngineEvent,
  Refusal,
  StartCalls,
  StartedCalls,
  StartEngine,
} from "./messages.js";

/** What a bench puts in the place of the engine's own. */
export type OwnParts = Omit<NodeParts, "trunks" | "log">;

type Running = {
  readonly node: EngineNode;
  readonly dataDir: string;
  readonly isKept: boolean;
};

let running: Running | undefined;
let partsFor: (config: Config) => OwnParts = () => ({});
let tell: (event: EngineEvent) => void = () => undefined;
let ended: CallView[] = [];
const live = new Set<string>();

/** The engine that runs, and where it keeps its data. @throws {Error} before it was started */
export function runningEngine(): Running {
  if (running === undefined) throw new Error("the engine was not started");
  return running;
}

/**
 * Serves the parent.
 *
 * @param more what else a bench asks of its engine
 */
export function serveEngine<More extends Asks>(
  more: Answers<More>,
  ownParts: (config: Config) => OwnParts = () => ({}),
): void {
  partsFor = ownParts;
  tell = serveParent<EngineAsks & More, EngineEvent>({ ...answers, ...more }, stop);
}

const answers: Answers<EngineAsks> = {
  start,
  async promptsReady() {
    await node().promptsReady();
    return undefined;
  },
  startCalls,
  churn: (plan) => churnCalls(node(), plan),
  latency: () => node().latency(),
  resetLatency() {
    node().resetLatency();
    return undefined;
  },
  takeEnded() {
    const views = ended;
    ended = [];
    return views;
  },
  async hangUpAll() {
    await Promise.all([...live].map((callId) => node().hangup(callId)));
    return undefined;
  },
};

function node(): EngineNode {
  return runningEngine().node;
}

/** No number of calls is judged. */
const ungated = { ...admissionLimits, callsMin: Infinity };

async function start(setup: StartEngine): Promise<EngineAsks["start"]["answer"]> {
  const beganMs = performance.now();
  const dataDir = setup.dataDir ?? (await mkdtemp(join(tmpdir(), "voxtree-bench-")));
  const config = defaultConfig({ ...setup.config, storage: { dataDir }, trunks: [] });
  const admission = setup.isGated ? {} : { admission: ungated };
  const created = createNode(config, { ...partsFor(config), ...admission, trunks: [trunk], log });
  running = { node: created, dataDir, isKept: setup.dataDir !== undefined };
  await created.start();
  return { startMs: performance.now() - beganMs, notes: created.health().notes };
}

/** Dials by telling the parent; whoever answers comes to the gateway like any media client. */
const trunk: Trunk = {
  name: "bench",
  originate({ callId, token, mediaUrl: url, to }, listener) {
    tell({ kind: "dial", callId, token, url, to });
    return {
      hangup: () => listener({ kind: "ended", outcome: "cancelled", cause: "bench" }),
      transfer: unsupported,
      sendDtmf: unsupported,
    };
  },
  health: () => ({ isUp: true, attempts: live.size }),
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
};

function unsupported(): Promise<never> {
  return Promise.reject(new EngineError("TRUNK_UNSUPPORTED", "the trunk of the bench only dials"));
}

async function startCalls(plan: StartCalls): Promise<StartedCalls> {
  const { flow, count, overMs, isRecorded } = plan;
  const refusals: Refusal[] = [];
  const callIds: string[] = [];
  const beganMs = performance.now();
  const one = async (index: number): Promise<void> => {
    const waitMs = beganMs + (index * overMs) / count - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    try {
      const to = plan.to ?? String(index);
      const request = { userId: `bench-${index}`, flow, trunk: "bench", to };
      const { callId } = await node().startCall({ ...request, isRecorded });
      callIds.push(callId);
      follow(callId);
    } catch (error) {
      const { code, message: why, detail } = toErrorData(error);
      const { retryAfterSeconds } = detail as { retryAfterSeconds?: number };
      refusals.push({
        code,
        why,
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      });
    }
  };
  await Promise.all(Array.from({ length: count }, (_, index) => one(index)));
  return { callIds, refusals };
}

function follow(callId: string): void {
  live.add(callId);
  const done = (view: CallView | undefined): void => {
    live.delete(callId);
    if (view !== undefined) ended.push(view);
  };
  node()
    .callEnded(callId)
    .then(done, () => done(undefined));
}

function log(level: "info" | "warn" | "error", message: string, fields: object): void {
  if (level === "info") return;
  tell({ kind: "log", level, text: `${message} ${JSON.stringify(fields)}` });
}

async function stop(): Promise<void> {
  await running?.node.stop();
  if (running === undefined || running.isKept) return;
  await rm(running.dataDir, { recursive: true, force: true });
}
