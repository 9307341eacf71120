/**
 * What a shard's thread does: it composes the cast's ports, obeys the node and shows that its loop
 * turns. Without the thread itself, so that a simulation can run it in time of its own.
 */
import { Encoder } from "@msgpack/msgpack";
import type { CastPorts, MediaLink } from "../../actors/call/cast-ports.js";
import type { ActorSystem, DeadLetterReason } from "../../actors/kernel/index.js";
import { EngineError, toErrorData } from "../../base/errors.js";
import { Histogram } from "../../base/histogram.js";
import type { Rng, Time } from "../../base/ports.js";
import { SharedPages } from "../../base/shared-pages.js";
import { formatKey } from "../../codecs/audio/audio-codec.js";
import type { AnalyzerConfig } from "../../config/analyzer-config.js";
import type { SynthesisConfig } from "../../config/schema.js";
import type { CompiledFlow } from "../../dialog/dialog-types.js";
import type { compileFlow } from "../../dialog/flow-compiler.js";
import { noiseSuppression } from "../../speech/hearing/noise-suppressor.js";
import type { VoiceSynthesizer } from "../../speech/tts/network/voice-synthesizer.js";
import type { VerifyVoice } from "../../speech/voiceprint/voiceprint-analyzer.js";
import type { VadFactory } from "../../speech/vad/vad.js";
import type { ShardCommand, ShardReport } from "../control/messages.js";
import { beatMs, markBeat } from "../node/loop-beat.js";
import { Arrivals } from "./arrivals.js";
import { JobClient } from "./job-client.js";
import type { OpenAnalyzers } from "./open-analyzers.js";
import type { OpenRecognizer, ShardRecognition } from "./open-recognizer.js";
import { openSynthesizer } from "./open-synthesizer.js";
import { RecordingDesk } from "./recording-desk.js";
import { readCallMemory } from "./read-memory.js";
import { Shard } from "./shard.js";
import { voiceReport } from "./voice-report.js";

/** What a shard thread is given at its start. */
export type ShardThreadData = {
  /** As the thread is called. */
  readonly name: string;
  /** One counter that the watchdog follows. */
  readonly beat: Int32Array;
  /** One word: `callMark` of the call that has its turn, or had it last. */
  readonly atWork: Int32Array;
  readonly recognition: ShardRecognition;
  /** With this shard's part of the streams. */
  readonly synthesis: SynthesisConfig;
  /** Those that some flow asks for, with this shard's part of the streams. */
  readonly analyzers: readonly AnalyzerConfig[];
};

export type ShardThreadParts = {
  readonly time: Time;
  readonly system: ActorSystem;
  /** Dead letters of the system so far. */
  readonly deadLetters: Readonly<Record<DeadLetterReason, number>>;
  readonly vad: VadFactory;
  readonly recognizer: OpenRecognizer | undefined;
  readonly analyzers: OpenAnalyzers;
  readonly analyzerLost?: CastPorts["analyzerLost"];
  readonly synthesis: SynthesisConfig;
  readonly rng: Rng;
  readonly compile: typeof compileFlow;
  /** The watchdog's counter. */
  readonly beat: Int32Array;
  readonly report: (report: ShardReport) => void;
  /** Nothing is read from the node any more. */
  readonly close: () => void;
};

export class ShardThread {
  readonly #parts: ShardThreadParts;
  readonly #shard: Shard;
  readonly #jobs: JobClient;
  readonly #recordings: RecordingDesk;
  readonly #pages = new SharedPages();
  readonly #noise = noiseSuppression();
  /** One for all: what it returns is as long as what is in it, and not the 2 kB of a new one. */
  readonly #encoder = new Encoder();
  readonly #synthesizer: VoiceSynthesizer;
  readonly #flows = new Map<string, CompiledFlow>();
  readonly #prompts = new Map<string, Uint8Array>();
  readonly #arrivals: Arrivals;
  #beatDueMs: number | undefined;
  readonly #latency = {
    frameIn: new Histogram(),
    frameHeld: new Histogram(),
    turn: new Histogram(),
    turnEngine: new Histogram(),
  };

  /** Reports `ready`. */
  constructor(parts: ShardThreadParts) {
    this.#parts = parts;
    const { time, system, report } = parts;
    this.#arrivals = new Arrivals(time);
    this.#jobs = new JobClient(time, (jobId, job) => report({ kind: "job", jobId, job }));
    this.#recordings = new RecordingDesk(time, async (chunks) => {
      return (await this.#jobs.run({ kind: "record", chunks })).errors;
    });
    this.#synthesizer = openSynthesizer(parts.synthesis, {
      time,
      rng: parts.rng,
      observe: voiceReport(time, report),
      render: async (piece) => (await this.#jobs.run({ kind: "synthesize", request: piece })).audio,
    });
    this.#shard = new Shard({
      time,
      system,
      castPorts: (media) => this.#castPorts(media),
      handedOver: (callId, silentAtMs) => this.#arrivals.willBeSilent(callId, silentAtMs),
    });
    this.#beat();
    const { frameIn, frameHeld, turn, turnEngine } = this.#latency;
    report({
      kind: "ready",
      frameIn: frameIn.handle,
      frameHeld: frameHeld.handle,
      turn: turn.handle,
      turnEngine: turnEngine.handle,
    });
  }

  /** Calls that live here. */
  get callCount(): number {
    return this.#shard.callCount;
  }

  receive(command: ShardCommand): void {
    const { recognizer, compile } = this.#parts;
    switch (command.kind) {
      case "attachGateway":
        return this.#shard.attachGateway(command.link);
      case "gatewayLost":
        return this.#shard.gatewayLost(new Set(command.waiting));
      case "addFlow": {
        const { fileName, source } = command;
        const flow = compile(source, { fileName });
        this.#flows.set(flow.id, flow);
        return recognizer?.prepare(flow);
      }
      case "addPrompt": {
        const { promptId, formatKey: format, audio } = command.prompt;
        return void this.#prompts.set(`${promptId} ${format}`, audio);
      }
      case "startCall":
        return this.#shard.startCall(command.spec);
      case "adoptCall":
        return this.#arrivals.add(command.spec.callId, () => this.#adopt(command));
      case "hangup":
        return this.#shard.hangup(command.callId, command.outcome);
      case "jobDone":
        return this.#jobs.settle(command.jobId, command.result);
      case "tellMailboxes":
        return this.#tellMailboxes(command.askId);
      case "stop":
        return this.#stop();
    }
  }

  /** Has a voice compared with a person's voiceprint, in a job thread. */
  readonly verifyVoice: VerifyVoice = async (userId, samples, rateHz) => {
    const source = { samples, rateHz };
    return (await this.#jobs.run({ kind: "verifyVoice", userId, source })).verdict;
  };

  #tellMailboxes(askId: number): void {
    const { system, deadLetters, report } = this.#parts;
    const mailboxes = { ...system.metrics(), deadLetters: { ...deadLetters } };
    report({ kind: "mailboxes", askId, report: mailboxes });
  }

  /** A memory that does not read ends its call, and nobody else's. */
  #adopt({ spec, memory, incarnation }: Extract<ShardCommand, { kind: "adoptCall" }>): void {
    const { callId } = spec;
    try {
      return this.#shard.adoptCall(spec, readCallMemory(callId, memory), incarnation);
    } catch (thrown) {
      const { report } = this.#parts;
      const { code, message, detail } = toErrorData(thrown);
      report({ kind: "log", level: "error", message, fields: { code, ...detail } });
      const nothing = { outcome: "failed", durationMs: 0, recordedMs: 0 };
      report({ kind: "callEvent", callId, event: { kind: "ended", ...nothing } });
    }
  }

  #stop(): void {
    const { system, recognizer, analyzers, report, close } = this.#parts;
    system.stop();
    for (const analyzer of analyzers.values()) analyzer.close();
    recognizer?.close();
    this.#synthesizer.close();
    this.#shard.close();
    report({ kind: "stopped" });
    close();
  }

  #castPorts(media: MediaLink): CastPorts {
    const { time, vad, recognizer, analyzers, analyzerLost, report } = this.#parts;
    return {
      analyzers,
      ...(analyzerLost === undefined ? {} : { analyzerLost }),
      time,
      vad,
      noise: this.#noise,
      recognizer: recognizer?.recognizer,
      media,
      latency: this.#latency,
      flow: (flowId) => this.#findFlow(flowId),
      synthesizer: this.#synthesizer,
      findPrompt: (promptId, format) => this.#prompts.get(`${promptId} ${formatKey(format)}`),
      pages: this.#pages,
      record: (chunk) => this.#recordings.record(chunk),
      recordedChunks: async ({ callId, userId }) =>
        (await this.#jobs.run({ kind: "recordedChunks", callId, userId })).chunks,
      remember: (callId, memory) =>
        report({ kind: "remember", callId, memory: this.#encoder.encode(memory) }),
      report: (callId, event) => report({ kind: "callEvent", callId, event }),
    };
  }

  #findFlow(flowId: string): CompiledFlow {
    const flow = this.#flows.get(flowId);
    if (flow !== undefined) return flow;
    const known = [...this.#flows.keys()].join(", ");
    throw new EngineError("UNKNOWN_FLOW", `flow "${flowId}" is not loaded; there is ${known}`);
  }

  /** Shows the node that this loop turns, and how late it is. */
  #beat(): void {
    const { beat, time } = this.#parts;
    const nowMs = time.nowMs();
    markBeat(beat, nowMs - (this.#beatDueMs ?? nowMs));
    this.#beatDueMs = nowMs + beatMs;
    time.after(beatMs, () => this.#beat());
  }
}
