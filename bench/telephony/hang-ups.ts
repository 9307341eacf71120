/**
 * Callees who hang up, one call after the other on twenty lines: how long until our call has ended,
 * and what is left of all of them on Asterisk and in this process?
 */
import { readdirSync, readlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeTime } from "../../base/node-ports.js";
import type { EngineNode } from "../../engine/engine-node.js";
import type { CalleeScript } from "../../engine/loopback/callee-script.js";
import { createNode } from "../../engine/node/node.js";
import { figuresOf, type Figures } from "./line-figures.js";
import { freePort, startTelephony, type Telephony } from "./rig.js";
import { startSipPhones, type SipPhonesHandle } from "./sip-phones-handle.js";
import { configOf } from "./telephony-demo.js";

export type HangUpsResult = {
  readonly calls: number;
  /** Calls that ended as the callee's hang-up. */
  readonly right: number;
  /** From the callee's BYE to the end of our conversation, ms: nobody is talked to any more. */
  readonly overMs: Figures;
  /** From the callee's BYE until recording and record of the call are stored, too, ms. */
  readonly endedMs: Figures;
  /** On Asterisk, and in this process: more than before the calls. */
  readonly left: {
    readonly channels: number;
    readonly bridges: number;
    readonly liveCalls: number;
    readonly sockets: number;
    readonly timers: number;
  };
  readonly isRight: boolean;
};

const atOnce = 20;
/** For so long a callee who hung up may be talked to; storing the call may take its time. */
const overMsMax = 500;
const settleMsMax = 10_000;
/** Connections to the REST interface are kept for a while, a handful of them. */
const keptSockets = 8;

/** After these times: calls do not end all at once, as they do not in life. */
const scripts = Array.from({ length: 10 }, (_, index) => scriptOf(200 + index * 350));

function scriptOf(interruptAfterMs: number): CalleeScript {
  return {
    id: `hangs-up-${interruptAfterMs}`,
    description: "Hangs up in the first sentences.",
    flow: "satisfaction-survey",
    variables: { service: "the repair of your washing machine" },
    protocol: "twilio",
    voice: "rms",
    answer: { kind: "answer", afterMs: 100 },
    expectOutcome: "hangup",
    turns: [],
    keypadOnly: [{ again: [], delayMs: 0, interruptAfterMs, action: { kind: "hangup" } }],
    alsoHeard: [],
  };
}

type Held = { readonly sockets: number; readonly timers: number };

export async function runHangUps(calls: number): Promise<HangUpsResult> {
  const port = await freePort();
  const telephony = await startTelephony(`ws://127.0.0.1:${port}/media/asterisk`);
  const phones = await startSipPhones({ scripts, isRecognizing: false, streamsMax: 1 });
  const dataDir = await mkdtemp(join(tmpdir(), "voxtree-hang-ups-"));
  const options = { useRecognition: false };
  const node = createNode(configOf({ options, port, telephony, dataDir }));
  try {
    await node.start();
    // What is made once, and kept, is made now.
    await callAll(node, phones, { calls: atOnce, from: 0 });
    const before = held();
    const ends = await callAll(node, phones, { calls, from: atOnce });
    const left = await settled(node, telephony, before);
    const overMs = figuresOf(ends.flatMap((end) => end.overMs ?? []));
    const endedMs = figuresOf(ends.flatMap((end) => end.endedMs ?? []));
    const right = ends.filter(({ outcome }) => outcome === "hangup").length;
    const isAll = right === calls && overMs.count === calls && endedMs.count === calls;
    const isRight = isAll && overMs.max < overMsMax && isNothing(left);
    return { calls, right, overMs, endedMs, left, isRight };
  } finally {
    await node.stop();
    phones.stop();
    await telephony.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

export function formatHangUps(result: HangUpsResult): string {
  const { calls, right, overMs, endedMs, left } = result;
  const figures = ({ p50, p95, p99, max }: Figures): string =>
    `p50 ${p50}  p95 ${p95}  p99 ${p99}  max ${max}`;
  const rest = Object.entries(left).map(([what, count]) => `${count} ${what}`);
  return [
    `${right} of ${calls} calls ended as the callee's hang-up`,
    `  BYE → our conversation is over, ms   ${figures(overMs)}`,
    `  BYE → its recording is stored, ms    ${figures(endedMs)}`,
    `  left behind: ${rest.join(", ")}`,
    "",
  ].join("\n");
}

type End = {
  readonly outcome: string | undefined;
  readonly overMs?: number;
  readonly endedMs?: number;
};

async function callAll(
  node: EngineNode,
  phones: SipPhonesHandle,
  given: { readonly calls: number; readonly from: number },
): Promise<End[]> {
  const ends: Promise<End>[] = [];
  let index = 0;
  const inRow = async (): Promise<void> => {
    while (index < given.calls) {
      const end = call(node, phones, given.from + (index += 1));
      ends.push(end);
      await end;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, inRow));
  return Promise.all(ends);
}

async function call(node: EngineNode, phones: SipPhonesHandle, index: number): Promise<End> {
  const { id, flow, variables } = scripts[index % scripts.length]!;
  const dialled = `${id}.${index}`;
  const to = `${dialled}@127.0.0.1:${phones.port}`;
  const time = nodeTime();
  let overEpochMs: number | undefined;
  const request = { userId: dialled, flow, variables, trunk: "sip", to };
  const { callId } = await node.startCall(request, ({ state }) => {
    if (state === "$hangup") overEpochMs ??= time.epochMs();
  });
  const { outcome, endedEpochMs } = await node.callEnded(callId);
  const hungUpEpochMs = await hangUpOf(phones, dialled);
  if (hungUpEpochMs === undefined || overEpochMs === undefined || endedEpochMs === undefined) {
    return { outcome };
  }
  return { outcome, overMs: overEpochMs - hungUpEpochMs, endedMs: endedEpochMs - hungUpEpochMs };
}

/** The telephone's word comes from another process, and may come a little later. */
async function hangUpOf(phones: SipPhonesHandle, dialled: string): Promise<number | undefined> {
  for (let waitedMs = 0; waitedMs < settleMsMax; waitedMs += 20) {
    const report = phones.reports().find((one) => one.dialled === dialled);
    if (report !== undefined) return report.line.hungUpEpochMs;
    await sleep(20);
  }
  return undefined;
}

async function settled(
  node: EngineNode,
  telephony: Telephony,
  before: Held,
): Promise<HangUpsResult["left"]> {
  for (let waitedMs = 0; ; waitedMs += 200) {
    const channels = await telephony.console("core show channels concise");
    const bridges = await telephony.console("bridge show all");
    const now = held();
    const left = {
      channels: channels.split("\n").filter((line) => line !== "").length,
      bridges: bridges.split("\n").filter((line) => line.includes("stasis")).length,
      liveCalls: node.health().liveCalls,
      sockets: Math.max(0, now.sockets - before.sockets),
      timers: Math.max(0, now.timers - before.timers),
    };
    if (isNothing(left) || waitedMs >= settleMsMax) return left;
    await sleep(200);
  }
}

function isNothing({ sockets, ...left }: HangUpsResult["left"]): boolean {
  return sockets <= keptSockets && Object.values(left).every((count) => count === 0);
}

/** Sockets of all threads, timers of this one: the gateway's wheel has but one. */
function held(): Held {
  const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const sockets = readdirSync("/proc/self/fd").filter(isSocket).length;
  return { sockets, timers };
}

function isSocket(descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith("socket:");
  } catch {
    return false; // closed meanwhile, as the folder's own one
  }
}
