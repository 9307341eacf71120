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
const struck = "shard-0";

const threads = new ChaosHost();
let isVoiceHanging = false;
/** The shard that is not one of the others. */
let struckShard: string | undefined;

serveEngine<ChaosAsks>(
  {
    endangered: () => threads.callsOf(struck),
    strike,
    resetShards() {
      threads.resetFrameIn();
      return undefined;
    },
    othersFrameInP99Ms: () => threads.frameInWithout(struckShard).summary().p99,
  },
  (config) => ({ threadHost: threads.host, jobs: withHangingVoice(config) }),
);

function withHangingVoice({ threads: { jobWorkerCount: size }, storage }: Config): JobPool {
  const { dataDir, kekFile } = storage;
  const pool = createJobPool({ size, workerData: { dataDir, kekFile } });
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
  const onShard = threads.callsOf(struck);
  const all = [...onShard, ...threads.callsOf("shard-1")];
  const epochMs = performance.timeOrigin + performance.now();
  const hit = (calls: readonly string[]): Strike => ({ epochMs, hit: calls });
  if (fault.startsWith("shard-") || fault === "poisonous-call") struckShard = struck;
  switch (fault) {
    case "shard-killed":
      threads.kill(struck);
      return hit(onShard);
    case "shard-blocked":
      threads.tell(struck, { what: "block" });
      return hit(onShard);
    case "shard-heap":
      threads.tell(struck, { what: "heap" });
      return hit(onShard);
    case "shard-rejection":
      threads.tell(struck, { what: "reject" });
      return hit(onShard);
    case "poisonous-call": {
      const [poisoned = ""] = onShard;
      threads.tellShards({ what: "poison", callId: poisoned });
      return { ...hit(onShard), poisoned };
    }
    case "gateway-killed":
      threads.kill("gateway-0");
      return hit(all);
    case "recognition-killed":
      for (const pid of runningEngine().node.processIds()) process.kill(pid, "SIGKILL");
      return hit(all);
    case "tts-hanging":
      isVoiceHanging = true;
      setTimeout(() => (isVoiceHanging = false), storeMs);
      return hit(all);
    case "socket-cut":
      return hit([]);
    case "store-slow":
      threads.tell("store", { what: "block", forMs: storeMs });
      return hit(all);
    case "store-locked":
      lockStore();
      return hit(all);
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
