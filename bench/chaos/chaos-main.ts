/** Entry of an engine that can be made to fail. */
import { join } from "node:path";
import Database from "libsql";
import type { Config } from "../../config/schema.js";
import { createJobPool, type JobPool } from "../../engine/jobs/job-pool.js";
import { runningEngine, serveEngine } from "../engine/engine-service.js";
import { ChaosHost } from "./chaos-host.js";
import type { ChaosAsks, FaultName, Strike } from "./messages.js";

/** A store that does not answer, or that somebody else holds, is back after so long. */
const storeMs = 3000;
/** Longest that anything takes to run again. */
const settleMsMax = 20_000;

const threads = new ChaosHost();
let isVoiceHanging = false;
/** The shard that is struck; undefined: another part is. */
let struck: string | undefined;
/** Those that had calls then and are not struck. */
let others: readonly string[] = [];

serveEngine<ChaosAsks>(
  {
    settled,
    aim(fault) {
      const isOfShard = fault.startsWith("shard-") || fault === "poisonous-call";
      struck = isOfShard ? threads.busiest() : undefined;
      others = threads.withCalls().filter((name) => name !== struck);
      return fault === "socket-cut" ? [] : threads.callsOf(struck);
    },
    strike,
    resetShards() {
      threads.resetFrameIn();
      return undefined;
    },
    othersFrameInP99Ms: () => threads.frameInOf(others).summary().p99,
  },
  (config) => ({ threadHost: threads.host, jobs: withHangingVoice(config) }),
);

async function settled(): Promise<undefined> {
  const { node } = runningEngine();
  for (let waitedMs = 0; waitedMs < settleMsMax; waitedMs += 50) {
    const { isReady, liveCalls } = node.health();
    if (isReady && liveCalls === 0 && threads.hasSpare) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  threads.forgetCalls();
  return undefined;
}

function withHangingVoice({
  threads: { jobWorkerCount: size },
  storage,
  voiceprint,
}: Config): JobPool {
  const { dataDir, kekFile } = storage;
  const pool = createJobPool({ size, workerData: { dataDir, kekFile, voiceprint } });
  return {
    run: (job) =>
      isVoiceHanging && job.kind === "synthesize" ? new Promise(() => undefined) : pool.run(job),
    get pendingCount() {
      return pool.pendingCount;
    },
    stop: () => pool.stop(),
  };
}

function strike(fault: FaultName): Strike {
  const hit = threads.callsOf(fault === "socket-cut" ? "" : struck);
  const strikes = { epochMs: performance.timeOrigin + performance.now(), hit };
  const shard = struck ?? "";
  switch (fault) {
    case "shard-killed":
      threads.kill(shard);
      return strikes;
    case "shard-blocked":
      threads.tell(shard, { what: "block" });
      return strikes;
    case "shard-heap":
      threads.tell(shard, { what: "heap" });
      return strikes;
    case "shard-rejection":
      threads.tell(shard, { what: "reject" });
      return strikes;
    case "poisonous-call": {
      // Any of them: neither the first nor the last one that came.
      const poisoned = hit[Math.floor(hit.length / 3)] ?? "";
      threads.tellShards({ what: "poison", callId: poisoned });
      return { ...strikes, poisoned };
    }
    case "gateway-killed":
      threads.kill("gateway-0");
      return strikes;
    case "recognition-killed":
      for (const pid of runningEngine().node.processIds()) process.kill(pid, "SIGKILL");
      return strikes;
    case "tts-hanging":
      isVoiceHanging = true;
      setTimeout(() => (isVoiceHanging = false), storeMs);
      return strikes;
    case "socket-cut":
      return strikes;
    case "store-slow":
      threads.tell("store", { what: "block", forMs: storeMs });
      return strikes;
    case "store-locked":
      lockStore();
      return strikes;
  }
}

/** Somebody else writes in the database, and takes their time. */
function lockStore(): void {
  const database = new Database(join(runningEngine().dataDir, "voxtree.db"));
  database.exec("BEGIN IMMEDIATE");
  setTimeout(() => {
    database.exec("ROLLBACK");
    database.close();
  }, storeMs);
}
