/**
 * Question: what do callers notice when others attack the gateway?
 *
 * Calls with audio both ways all the time, measured twice on one engine: first alone, then while
 * callers who were let in misbehave (pings whose answers they never read, audio fifty times as fast
 * as speech, frames of the wrong length), thousands of TCP connections say nothing, and others want
 * to upgrade where nobody is. Attackers must be turned out, with a reason; nobody else may be.
 */
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../base/compiled-entry.js";
import { EngineProcess } from "../engine/engine-process.js";
import type { LoadProcess } from "../load/load-process.js";
import type { Dial } from "../load/messages.js";
import { defineBench, type OptionValues, type Progress } from "../support/bench.js";
import { Child } from "../support/child.js";
import { silenceClip, speechClips } from "../support/clips.js";
import { measureCpu, sleep } from "../support/cpu-windows.js";
import { round, tailOf, type Tail } from "../support/figures.js";
import { tailTable } from "../support/format-calls.js";
import { withLoad } from "../support/with-load.js";
import { attackKinds, type AttackAsks, type AttackReport } from "./messages.js";

const options = {
  calls: { kind: "count", default: 100, max: 5000, help: "that behave" },
  attackers: { kind: "count", default: 10, max: 500, help: "calls that do not, of each kind" },
  "half-open": { kind: "count", default: 10_000, min: 0, max: 50_000, help: "silent connections" },
  "bad-upgrades": { kind: "count", default: 1000, min: 0, max: 50_000, help: "to nowhere" },
  seconds: { kind: "count", default: 10, max: 600, help: "of each of the two measurements" },
  "warm-up": { kind: "count", default: 4, min: 0, max: 60, help: "seconds before the first" },
} as const;

type Values = OptionValues<typeof options>;

/** One of the two measurements. */
export type HostileWindow = {
  /** Of all calls, attackers included, inside the engine. */
  readonly frameInMs: Tail;
  readonly frameOutMs: Tail;
  /** Seen by the callers that behave: from one frame of an utterance to the next. */
  readonly heardGapMs: Tail;
  readonly engineCores: number;
  readonly generatorLateP99Ms: number;
  readonly otherCores: number;
};

export type HostileResult = {
  readonly bench: "hostile";
  readonly calls: number;
  readonly seconds: number;
  readonly calm: HostileWindow;
  readonly attacked: HostileWindow;
  /** Callers that behaved and were lost all the same. */
  readonly lostCalls: number;
  readonly attackersLeft: number;
  readonly halfOpened: number;
  readonly ends: AttackReport["ends"];
  readonly isValid: boolean;
  readonly notes: readonly string[];
};

const flow = fileURLToPath(new URL("bench/media/endless-prompts.yaml", packageRoot));

export function hostileBench(values: Values, progress: Progress): Promise<HostileResult> {
  return withLoad(async (load) => {
    const attackers = new Child<AttackAsks, never>("bench/hostile/attack-main.js", () => undefined);
    const callees = new Callees(load, attackers);
    const engine = new EngineProcess(callees);
    try {
      return await run(values, { load, engine, attackers, callees, progress });
    } finally {
      await engine.stop();
      await attackers.stop();
    }
  });
}

/** Whom the engine's trunk reaches: at first callers that behave. */
class Callees {
  url = "";
  /** Attackers of each kind are called in turn. */
  isHostile = false;
  readonly #load: LoadProcess;
  readonly #attackers: Child<AttackAsks, never>;
  #nextKind = 0;

  constructor(load: LoadProcess, attackers: Child<AttackAsks, never>) {
    this.#load = load;
    this.#attackers = attackers;
  }

  async dial({ callId, token, url }: Dial): Promise<void> {
    this.url = url;
    if (!this.isHostile) return this.#load.dial({ callId, token, url });
    const attack = attackKinds[this.#nextKind++ % attackKinds.length]!;
    await this.#attackers.ask("call", { callId, token, url, attack });
  }
}

type Parts = {
  readonly load: LoadProcess;
  readonly engine: EngineProcess;
  readonly attackers: Child<AttackAsks, never>;
  readonly callees: Callees;
  readonly progress: Progress;
};

async function run(values: Values, parts: Parts): Promise<HostileResult> {
  const { load, engine, attackers, callees, progress } = parts;
  const { calls, seconds } = values;
  const hostile = values.attackers * attackKinds.length;
  const callsMax = calls + hostile;
  await load.prepare({
    line: "native",
    caller: "stream",
    clips: [silenceClip(), ...(await speechClips())],
  });
  await engine.start({
    gateway: { port: 0, connectionsMax: 2 * callsMax + 100 },
    calls: { callsMax },
    recognition: { isEnabled: false },
    flows: [flow],
  });
  const start = (count: number) =>
    engine.startCalls({ flow: "endless-prompts", count, overMs: count * 5, isRecorded: false });
  await start(calls);
  await load.settled(calls);
  callees.isHostile = true;
  await start(hostile);
  await sleep(values["warm-up"] * 1000);
  progress(`calm: ${seconds} s`);
  const calm = await measure(seconds, parts);
  progress(`attacked: ${seconds} s`);
  await attackers.ask("begin", {
    url: callees.url,
    overMs: seconds * 1000,
    halfOpen: values["half-open"],
    badUpgrades: values["bad-upgrades"],
  });
  const attacked = await measure(seconds, parts);
  const lostCalls = load.closed.length;
  const { ends, live, halfOpened } = await attackers.ask("report", undefined);
  await engine.hangUpAll();
  const late = Math.max(calm.generatorLateP99Ms, attacked.generatorLateP99Ms);
  const notes = late > 10 ? [`the generator's own frames were late by ${late} ms (p99)`] : [];
  const figures = { lostCalls, attackersLeft: live, halfOpened, ends };
  const isValid = notes.length === 0;
  return { bench: "hostile", calls, seconds, calm, attacked, ...figures, isValid, notes };
}

async function measure(seconds: number, { engine, load }: Parts): Promise<HostileWindow> {
  await Promise.all([engine.resetLatency(), load.begin()]);
  const [window] = await measureCpu({ seconds, repeats: 1 }, engine.pid, load.pid);
  const [latency, report] = await Promise.all([engine.latency(), load.report()]);
  return {
    frameInMs: tailOf(latency.frameIn),
    frameOutMs: tailOf(latency.frameOut),
    heardGapMs: tailOf(report.gapMs),
    engineCores: round(window!.cores, 3),
    generatorLateP99Ms: round(report.lateMs.p99, 2),
    otherCores: round(window!.otherCores, 3),
  };
}

export const hostile = defineBench({
  name: "hostile",
  question: "what do callers notice when others attack the gateway?",
  options,
  run: hostileBench,
  format(result: HostileResult) {
    const { calls, seconds, calm, attacked, notes, ends } = result;
    const lines = [
      `hostile: ${calls} calls, twice ${seconds} s${result.isValid ? "" : "  (NOT VALID)"}`,
      ...tailTable([
        ["in, calm", calm.frameInMs],
        ["in, attacked", attacked.frameInMs],
        ["out, calm", calm.frameOutMs],
        ["out, attack", attacked.frameOutMs],
        ["gap, calm", calm.heardGapMs],
        ["gap, attack", attacked.heardGapMs],
      ]),
      `  engine ${calm.engineCores} cores calm, ${attacked.engineCores} attacked`,
      `  calls lost ${result.lostCalls}; attackers that are still there ${result.attackersLeft}; ` +
        `silent connections ${result.halfOpened}`,
      ...Object.entries(ends).flatMap(([kind, reasons]) =>
        Object.entries(reasons).map(([reason, count]) => `  ${kind} ${count} ×: ${reason}`),
      ),
      ...notes.map((note) => `  ! ${note}`),
    ];
    return `${lines.join("\n")}\n`;
  },
});
