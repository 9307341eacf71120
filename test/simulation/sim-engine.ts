/**
 * One life of the engine's process: the real node on simulated threads. It can be killed as a
 * whole, which leaves nothing but the disk.
 */
import type { Trunk } from "../../access/trunks/trunk.js";
import type { Time } from "../../base/ports.js";
import { defaultConfig } from "../../config/default-config.js";
import type { EngineNode } from "../../engine/engine-node.js";
import type { JobPool } from "../../engine/jobs/job-pool.js";
import { createNode } from "../../engine/node/node.js";
import type { Carry } from "./sim-port.js";
import { PlaceJudge } from "./place-judge.js";
import type { SimLoop, ThreadTime } from "./sim-loop.js";
import type { CommandFate } from "./node-commands.js";
import type { SimNetwork } from "./sim-network.js";
import {
  isShard,
  SimThreadHost,
  type BodyContext,
  type SimThread,
  type ThreadBody,
} from "./sim-threads.js";
import type { GatewayBody, ShardBody } from "./world-threads.js";

export type SimEngineOptions = {
  readonly loop: SimLoop;
  readonly network: SimNetwork;
  readonly flowFiles: readonly string[];
  readonly promptBytesMax: number;
  readonly body: (name: string, context: BodyContext) => ThreadBody;
  readonly carry: Carry;
  /** How long a message takes between the node and this thread. */
  readonly wayMs: (name: string) => number;
  readonly jobs: JobPool;
  readonly trunk: Trunk;
  readonly newCallId: () => string;
  readonly lost: (name: string) => void;
  readonly areUndead: boolean;
  readonly callsMax: number;
  readonly quarantineMax: number | undefined;
  readonly commanded: (name: string, command: unknown) => CommandFate;
  readonly violated: (rule: string, what: string) => void;
};

const shardCount = 2;
export const ringMsMax = 3000;
export const answerMsMax = 5000;
export const durationMsMax = 120_000;
/** A node that does not start by then never does. */
const startMsMax = 60_000;
/** What `stop` may take beyond its drain: hang-ups, then every thread. */
const stopMsMax = 5000 + 6000;
/** After the last end, everything on its way arrives, and every job is given up that hangs. */
export const restMs = 25_000;

export class SimEngine {
  readonly time: ThreadTime;
  readonly node: EngineNode;
  readonly host: SimThreadHost;
  readonly #options: SimEngineOptions;
  readonly #bodies = new Map<SimThread, GatewayBody | ShardBody | ThreadBody>();
  /** Timers of a thread, by its name, when there is nothing to do. */
  readonly #idleTimers = new Map<string, number>();
  readonly #startFailures = new Map<string, number>();
  isUp = false;
  isStopping = false;

  constructor(options: SimEngineOptions) {
    this.#options = options;
    this.time = options.loop.thread(true);
    this.host = this.#threadHost();
    this.node = this.#makeNode();
  }

  /** Starts the node; false when it does not come up. */
  async start(): Promise<boolean> {
    const { loop } = this.#options;
    let isLoaded = false;
    const started = this.node.start(() => (isLoaded = true));
    started.catch(() => undefined);
    // Flows are read from the real disk, which takes real time: none of ours passes.
    await loop.hold(() => isLoaded);
    this.isUp = await loop.runWhile(started, loop.world.nowMs() + startMsMax);
    this.#countIdleTimers();
    return this.isUp;
  }

  #countIdleTimers(): void {
    for (const [thread] of this.#bodies) this.#idleTimers.set(thread.name, thread.time.liveTimers);
    this.#idleTimers.set("node", this.time.liveTimers);
  }

  /** Starts it while the world goes on. */
  startAside(): void {
    const { loop, violated } = this.#options;
    let isLoaded = false;
    this.node
      .start(() => (isLoaded = true))
      .then(
        () => {
          this.isUp = this.time.isAlive;
          this.#countIdleTimers();
        },
        () => violated("not-whole", "the node does not start again"),
      );
    loop.holdUntil(() => isLoaded);
  }

  /** The next so many starts of shards fail. */
  failStarts(count: number): void {
    this.#startFailures.set("shard", count);
  }

  /** SIGKILL: nothing of the process goes on, and nothing is told. */
  kill(): void {
    this.isUp = false;
    this.time.end();
    for (const thread of this.host.all) thread.vanish();
  }

  /** Drains the node and judges what it leaves. */
  async stop(drainMs: number): Promise<void> {
    const { loop, violated } = this.#options;
    const { world } = loop;
    const beganMs = world.nowMs();
    this.isStopping = true;
    let isStopped = false;
    const done = new Promise<void>((resolve) => {
      this.time.soon(() => {
        void this.node.stop({ drainMs }).finally(() => {
          isStopped = true;
          resolve();
        });
      });
    });
    const limitMs = drainMs + stopMsMax;
    await loop.runWhile(done, beganMs + limitMs + restMs);
    const tookMs = world.nowMs() - beganMs;
    if (!isStopped || tookMs > limitMs) {
      const how = isStopped ? "took" : "goes on after";
      violated("drain", `a drain of ${drainMs} ms ${how} ${tookMs} ms`);
    }
    await loop.run(world.nowMs() + restMs, () => false);
    this.#judgeStopped();
  }

  /** All calls are over and the node runs on: what is left of them? */
  judgeRest(): void {
    const { violated, network } = this.#options;
    for (const [thread, body] of this.#bodies) {
      if (!thread.isAlive) continue;
      this.#judgeBody(thread, body);
      this.#judgeTimers(thread.name, thread.time);
    }
    this.#judgeTimers("node", this.time);
    const { liveCalls, isReady, notes } = this.node.health();
    if (liveCalls > 0) violated("call-left", `the node counts ${liveCalls} calls`);
    if (network.connectionCount > 0) {
      violated("leg-left", `${network.connectionCount} connections are open`);
    }
    if (!isReady) violated("not-whole", notes.join("; "));
  }

  #judgeTimers(name: string, time: ThreadTime): void {
    // A spare shard is kept ready, or comes, behind the start: idle, it is as any shard.
    const kin = name.startsWith("spare") ? "shard-0" : name;
    const left = time.liveTimers - (this.#idleTimers.get(kin) ?? 0);
    if (left > 0) this.#options.violated("timer-left", `${left} timers wait on ${name}`);
  }

  #judgeBody({ name }: SimThread, body: ThreadBody): void {
    const { violated, loop } = this.#options;
    if ("legCount" in body) {
      const legs = (body as GatewayBody).legCount();
      if (legs > 0) violated("leg-left", `${legs} legs are open`);
    }
    if (!("cast" in body)) return;
    const { cast, callCount, openVads } = body as ShardBody;
    if (callCount() > 0) violated("call-left", `${callCount()} calls on ${name}`);
    // The supervisor of the calls lives on.
    if (cast.liveCount > 1) violated("actor-left", `${cast.liveCount - 1} actors on ${name}`);
    if (openVads() > 0) violated("vad-left", `${openVads()} detectors on ${name}`);
    for (const { path } of cast.overdueAsks(loop.world.nowMs())) {
      violated("ask-open", `${path} was never answered`);
    }
  }

  #judgeStopped(): void {
    const { violated } = this.#options;
    for (const thread of this.host.all) {
      if (thread.isAlive) violated("thread-left", `${thread.name} still runs`);
    }
    const { liveTimers } = this.time;
    if (liveTimers > 0) violated("timer-left", `${liveTimers} timers of a stopped node`);
  }

  #threadHost(): SimThreadHost {
    const { loop, carry, wayMs, lost, areUndead, commanded, violated } = this.#options;
    const places = new PlaceJudge(violated);
    return new SimThreadHost({
      loop,
      nodeTime: this.time,
      body: (name, context) => {
        const body = this.#options.body(name, context);
        this.#bodies.set(context.thread, body);
        return body;
      },
      carry,
      wayMs,
      startMs: (name) => 5 + name.length * 9,
      failsToStart: (name) => {
        // Whichever shard starts next, in this place or as the spare one.
        const kind = isShard(name) ? "shard" : name;
        const left = this.#startFailures.get(kind) ?? 0;
        this.#startFailures.set(kind, Math.max(0, left - 1));
        return left > 0;
      },
      lost,
      seated: (shardIndex, thread) => {
        if (shardIndex < shardCount) places.taken(shardIndex, thread, loop.world.nowMs());
      },
      commanded,
      areUndead,
    });
  }

  #makeNode(): EngineNode {
    const { flowFiles, promptBytesMax: bytesMax, jobs, trunk, newCallId } = this.#options;
    const { callsMax, quarantineMax } = this.#options;
    const config = defaultConfig({
      calls: { callsMax, ringMsMax, answerMsMax, durationMsMax },
      threads: { shardCount, jobWorkerCount: 1 },
      recognition: { isEnabled: false },
      trunks: [],
      flows: flowFiles,
      prompts: { bytesMax, diskBytesMax: 0 },
      storage: { dataDir: "/nowhere" },
    });
    const time: Time = this.time;
    // A process that is killed in virtual time releases nothing in the real one.
    const lockData = () => ({ release: () => undefined });
    const own = { jobs, newCallId, trunks: [trunk], quarantineMax, lockData };
    return createNode(config, { time, threadHost: this.host, ...own });
  }
}
