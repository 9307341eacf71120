/** What runs in the threads of a world: the real gateway and shards, with the world around them. */
import { createActorSystem, createSchedulerDispatcher } from "../../actors/kernel/index.js";
import type { ActorSystem } from "../../actors/kernel/index.js";
import { callMarkOfPath } from "../../base/call-mark.js";
import type { GatewayConfig } from "../../config/schema.js";
import { compileFlow } from "../../dialog/flow-compiler.js";
import type { CompiledFlow } from "../../dialog/dialog-types.js";
import { Gateway } from "../../engine/gateway/gateway.js";
import type { GatewayCommand, GatewayReport, ShardCommand } from "../../engine/control/messages.js";
import type { OpenRecognizer } from "../../engine/shard/open-recognizer.js";
import { shardLetters } from "../../engine/shard/shard-letters.js";
import {
  ShardThread,
  type ShardThreadData,
  type ShardThreadParts,
} from "../../engine/shard/shard-thread.js";
import type { VadFactory } from "../../speech/vad/vad.js";
import type { SimNetwork } from "./sim-network.js";
import { simProtocols } from "./sim-protocol.js";
import type { BodyContext, ThreadBody } from "./sim-threads.js";
import { speechLevel } from "./spoken-code.js";
import { WatchedCast, type CastWatcher } from "./watched-cast.js";

/** A body with what a judge may look at once all calls are over. */
export type GatewayBody = ThreadBody & { readonly legCount: () => number };
export type ShardBody = ThreadBody & {
  readonly cast: WatchedCast;
  readonly callCount: () => number;
  readonly openVads: () => number;
};

export function gatewayBody(context: BodyContext, network: SimNetwork): GatewayBody {
  const { time, data, report, close } = context;
  const gateway = new Gateway({
    config: data as GatewayConfig,
    time,
    transport: network.transport(time),
    protocols: simProtocols(),
    report(message: GatewayReport) {
      report(message);
      if (message.kind === "stopped") close();
    },
  });
  return {
    receive: (message) => gateway.receive(message as GatewayCommand),
    gone: () => network.lost(time),
    legCount: () => gateway.counters().legs,
  };
}

export type ShardWorld = {
  readonly watcher: (context: BodyContext) => CastWatcher;
  readonly recognizer: OpenRecognizer | undefined;
  readonly report: ShardThreadParts["report"];
};

export function shardBody(context: BodyContext, world: ShardWorld): ShardBody {
  const { time, data, close, thread } = context;
  const cast = new WatchedCast(world.watcher(context));
  const { report, recognizer } = world;
  const letters = shardLetters(time, report);
  const { beat, atWork, synthesis } = data as ShardThreadData;
  const base = createActorSystem({
    name: thread.name,
    dispatcher: createSchedulerDispatcher(time),
    time,
    atWork: { word: atWork, markOf: callMarkOfPath },
    deadLetters: (letter) => {
      letters.take(letter);
      cast.buried(letter);
    },
    onFailure: (path, error) => report({ kind: "actorFailed", path, error }),
  });
  cast.attach(base);
  const system: ActorSystem = {
    ...base,
    spawn: (name, behavior) => base.spawn(name, cast.wrap(behavior)),
  };
  const vad = simVad();
  const parts = { vad, recognizer, synthesis, analyzers: new Map<string, never>() };
  const shared = { ...parts, time, system, rng: steadyRng, beat, report, close };
  const deadLetters = letters.counts;
  const shard = new ShardThread({ ...shared, deadLetters, compile: compileOnce });
  return {
    receive: (message) => shard.receive(message as ShardCommand),
    cast,
    callCount: () => shard.callCount,
    openVads: () => vad.openCount,
  };
}

/** Only waits of circuits are diced with it, and embedded voices have none. */
const steadyRng = { next: () => 0.5 };

const compiled = new Map<string, CompiledFlow>();

/** Flows are immutable: every shard of a run may have the same. */
function compileOnce(...[source, options]: Parameters<typeof compileFlow>): CompiledFlow {
  let flow = compiled.get(source);
  if (flow === undefined) compiled.set(source, (flow = compileFlow(source, options)));
  return flow;
}

function simVad(): VadFactory {
  let openCount = 0;
  return {
    create() {
      openCount += 1;
      return {
        isSpeech: (frame) => Math.abs(frame[0]!) > speechLevel,
        reset: () => undefined,
        close: () => void (openCount -= 1),
      };
    },
    get openCount() {
      return openCount;
    },
  };
}
