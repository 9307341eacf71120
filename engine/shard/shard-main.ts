/** Entry of a shard thread: composes the cast's ports and runs the calls it is given. */
import { parentPort, workerData } from "node:worker_threads";
import { decode, encode } from "@msgpack/msgpack";
import type {
  CallMemory,
  CastPorts,
  MediaLink,
  RecordedChunk,
} from "../../actors/call/cast-ports.js";
import {
  createActorSystem,
  createNactDispatcher,
  DeadLetterCounter,
} from "../../actors/kernel/index.js";
import { assert } from "../../base/assert.js";
import { EngineError, toErrorData } from "../../base/errors.js";
import { Histogram } from "../../base/histogram.js";
import { nodeTime } from "../../base/node-ports.js";
import { formatKey } from "../../codecs/audio/audio-codec.js";
import type { CompiledFlow } from "../../dialog/dialog-types.js";
import { compileFlow } from "../../dialog/flow-compiler.js";
import type { Recognizer } from "../../speech/asr/recognizer.js";
import { loadVad } from "../../speech/vad/fvad.js";
import type { VadFactory } from "../../speech/vad/vad.js";
import type { ShardCommand, ShardReport } from "../control/messages.js";
import { beatMs } from "../node/watchdog.js";
import { JobClient } from "./job-client.js";
import { openRecognizer, type OpenRecognizer } from "./open-recognizer.js";
import { Shard } from "./shard.js";

export type ShardThreadData = {
  readonly shardIndex: number;
  /** One counter that the watchdog follows. */
  readonly beat: Int32Array;
  /** Sockets of the recognition processes; none where no recogniser is installed. */
  readonly recognitionSockets: readonly string[];
};

assert(parentPort !== null, "a shard runs in a thread");
const port = parentPort;
const data = workerData as ShardThreadData;
const time = nodeTime();
const report = (message: ShardReport, transfer: readonly ArrayBuffer[] = []): void =>
  port.postMessage(message, [...transfer]);

const latency = {
  frameIn: new Histogram(),
  turn: new Histogram(),
  turnEngine: new Histogram(),
};
const flows = new Map<string, CompiledFlow>();
const prompts = new Map<string, Uint8Array>();
const deadLetters = new DeadLetterCounter();
const jobs = new JobClient(time, (jobId, job) => {
  const transfer = job.kind === "record" ? [job.samples.buffer as ArrayBuffer] : [];
  report({ kind: "job", jobId, job }, transfer);
});

function castPorts(
  media: MediaLink,
  vad: VadFactory,
  recognizer: Recognizer | undefined,
): CastPorts {
  return {
    time,
    vad,
    recognizer,
    media,
    latency,
    flow: findFlow,
    synthesize: async (request) => (await jobs.run({ kind: "synthesize", request })).audio,
    findPrompt: (promptId, format) => prompts.get(`${promptId} ${formatKey(format)}`),
    record: async (chunk: RecordedChunk) => void (await jobs.run({ kind: "record", ...chunk })),
    recordedChunks: async ({ callId, userId }) =>
      (await jobs.run({ kind: "recordedChunks", callId, userId })).chunks,
    remember: (callId, memory) => report({ kind: "remember", callId, memory: encode(memory) }),
    report: (callId, event) => report({ kind: "callEvent", callId, event }),
  };
}

function findFlow(flowId: string): CompiledFlow {
  const flow = flows.get(flowId);
  if (flow !== undefined) return flow;
  const known = [...flows.keys()].join(", ");
  throw new EngineError("UNKNOWN_FLOW", `flow "${flowId}" is not loaded; there is ${known}`);
}

type Composed = { readonly shard: Shard; readonly stop: () => void };

async function compose(recognizer: OpenRecognizer | undefined): Promise<Composed> {
  const vad = await loadVad();
  const name = `shard-${data.shardIndex}`;
  const system = createActorSystem({
    name,
    dispatcher: createNactDispatcher(name),
    time,
    deadLetters: deadLetters.take,
    onFailure: (path, error) => report({ kind: "actorFailed", path, error }),
  });
  const castPortsFor = (media: MediaLink): CastPorts =>
    castPorts(media, vad, recognizer?.recognizer);
  const shard = new Shard({ time, system, castPorts: castPortsFor });
  const stop = (): void => {
    system.stop();
    recognizer?.close();
    shard.close();
  };
  return { shard, stop };
}

async function start(): Promise<void> {
  const recognizer = openRecognizer(data.recognitionSockets, time);
  const { shard, stop } = await compose(recognizer);
  port.on("message", (command: ShardCommand) => receive(command, shard, recognizer, stop));
  beat();
  const { frameIn, turn, turnEngine } = latency;
  report({
    kind: "ready",
    frameIn: frameIn.handle,
    turn: turn.handle,
    turnEngine: turnEngine.handle,
  });
}

/** Tells the watchdog that this loop turns. */
function beat(): void {
  Atomics.add(data.beat, 0, 1);
  time.after(beatMs, beat);
}

function receive(
  command: ShardCommand,
  shard: Shard,
  recognizer: OpenRecognizer | undefined,
  stop: () => void,
): void {
  switch (command.kind) {
    case "attachGateway":
      return shard.attachGateway(command.link);
    case "addFlow": {
      const { fileName, source } = command;
      const flow = compileFlow(source, { fileName });
      flows.set(flow.id, flow);
      return recognizer?.prepare(flow);
    }
    case "addPrompt": {
      const { promptId, formatKey: format, audio } = command.prompt;
      return void prompts.set(`${promptId} ${format}`, audio);
    }
    case "startCall":
      return shard.startCall(command.spec);
    case "adoptCall": {
      const memory = decode(command.memory) as CallMemory;
      return shard.adoptCall(command.spec, memory, command.incarnation);
    }
    case "hangup":
      return shard.hangup(command.callId, command.outcome);
    case "jobDone":
      return jobs.settle(command.jobId, command.result);
    case "stop":
      stop();
      report({ kind: "stopped" });
      return port.close();
  }
}

start().catch((error: unknown) => report({ kind: "failed", error: toErrorData(error) }));
