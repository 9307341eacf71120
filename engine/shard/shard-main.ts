/** Entry of a shard thread: puts Node's own time, port and voice detection under it. */
import { parentPort, workerData } from "node:worker_threads";
import { createActorSystem, createNactDispatcher } from "../../actors/kernel/index.js";
import { assert } from "../../base/assert.js";
import { arrive } from "../../base/background-arrival.js";
import { callMarkOfPath } from "../../base/call-mark.js";
import { toErrorData, type ErrorData } from "../../base/errors.js";
import { nodeRng, nodeTime } from "../../base/node-ports.js";
import { compileFlow } from "../../dialog/flow-compiler.js";
import { loadVad } from "../../speech/vad/fvad.js";
import type { ShardCommand, ShardReport } from "../control/messages.js";
import { analyzerReport } from "./analyzer-report.js";
import { openAnalyzers } from "./open-analyzers.js";
import { openRecognizer } from "./open-recognizer.js";
import { showThread } from "../node/loop-beat.js";
import { shardLetters } from "./shard-letters.js";
import { recognitionReport } from "./recognition-report.js";
import { ShardThread, type ShardThreadData } from "./shard-thread.js";

assert(parentPort !== null, "a shard runs in a thread");
const port = parentPort;
const {
  name,
  beat,
  atWork,
  recognition,
  synthesis,
  analyzers: configs,
} = workerData as ShardThreadData;
const time = nodeTime();
const report = (message: ShardReport): void => port.postMessage(message);

async function start(): Promise<void> {
  showThread(beat);
  const recognizer = await openRecognizer(recognition, {
    time,
    rng: nodeRng,
    observe: recognitionReport(time, report),
  });
  const observe = analyzerReport(time, report);
  const analyzers = await openAnalyzers(configs, {
    time,
    rng: nodeRng,
    observe,
    verifyVoice: (...voice) => thread.verifyVoice(...voice),
  });
  const vad = await loadVad();
  const letters = shardLetters(time, report);
  const system = createActorSystem({
    name,
    dispatcher: createNactDispatcher(name),
    time,
    deadLetters: letters.take,
    atWork: { word: atWork, markOf: callMarkOfPath },
    onFailure: (path, error) => report({ kind: "actorFailed", path, error }),
  });
  const close = (): void => port.close();
  const analyzerLost = (analyzer: string, { code, message }: ErrorData): void =>
    observe({ kind: "failed", analyzer, code, message });
  const parts = { vad, recognizer, analyzers, analyzerLost, synthesis };
  const shared = { ...parts, time, system, beat, report, close };
  const deadLetters = letters.counts;
  const thread = new ShardThread({ ...shared, rng: nodeRng, deadLetters, compile: compileFlow });
  port.on("message", (command: ShardCommand) => {
    if (command.kind === "attachGateway") arrive();
    thread.receive(command);
  });
}

start().catch((error: unknown) => report({ kind: "failed", error: toErrorData(error) }));
