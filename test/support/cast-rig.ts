/**
 * A call in virtual time: the real kernel and the real cast, with a gateway that keeps a diary, a
 * recogniser that hears what the test says, and a voice of one second per sentence.
 */
import { call } from "../../actors/call/call.js";
import type { CallEvent } from "../../actors/call/call-events.js";
import type {
  CallMemory,
  CallSpec,
  CastPorts,
  Leg,
  LegAdoption,
  RecordedChunk,
} from "../../actors/call/cast-ports.js";
import type { CallDirectory } from "../../actors/call/messages.js";
import {
  createActorSystem,
  createSchedulerDispatcher,
  DeadLetterCounter,
} from "../../actors/kernel/index.js";
import type { ErrorData } from "../../base/errors.js";
import { Histogram } from "../../base/histogram.js";
import { SharedPages } from "../../base/shared-pages.js";
import { virtualTime } from "../../base/virtual-time.js";
import { codecOf } from "../../codecs/audio/audio-codec.js";
import { decodeStereo } from "../../codecs/audio/mix.js";
import { compileFlow } from "../../dialog/flow-compiler.js";
import type { RecognizerEvent } from "../../speech/asr/recognizer.js";
import type { CallHearing } from "../../speech/hearing/call-hearing.js";
import { promptId } from "../../speech/prompts/prompt-id.js";
import type { PcmAudio, SpeechRequest } from "../../speech/tts/synthesizer.js";
import { wholeVoice } from "./whole-voice.js";

const rateHz = 8000;

export type RigOptions = {
  readonly flow: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** Fixed prompts are rendered; without it everything is streamed. Default true. */
  readonly hasPrompts?: boolean;
  readonly hasRecognizer?: boolean;
  /** As that of `Recognizer`; default false. */
  readonly takesPhrasesOnly?: boolean;
  /** Of the leg; default 20. */
  readonly frameMs?: number;
  /** The voice; a second of sound for every text when it is left out. */
  readonly synthesize?: (request: SpeechRequest) => Promise<PcmAudio>;
  readonly hearing?: CallHearing;
  /** What the port throws or fakes otherwise. */
  readonly ports?: Partial<CastPorts>;
  /** The call was lost with its shard: what the ledger kept. */
  readonly memory?: CallMemory;
};

/** What happened at the gateway, in order. */
export type MediaEntry =
  | { readonly kind: "play"; readonly utterance: number; readonly promptId: string }
  | { readonly kind: "open"; readonly utterance: number }
  | { readonly kind: "end"; readonly utterance: number }
  | { readonly kind: "clear"; readonly utterance: number }
  | { readonly kind: "hold" }
  | { readonly kind: "release" }
  | { readonly kind: "hangup"; readonly reason: string };

export function castRig(options: RigOptions) {
  const { frameMs = 20 } = options;
  const frameSamples = (rateHz * frameMs) / 1000;
  const time = virtualTime();
  const flow = compileFlow(options.flow, { fileName: "test.yaml" });
  const events: CallEvent[] = [];
  const media: MediaEntry[] = [];
  const chunks: RecordedChunk[] = [];
  const memories: CallMemory[] = [];
  const failures: { path: string; error: ErrorData }[] = [];
  const letters = new DeadLetterCounter();
  const streams: RigStream[] = [];
  const streamedFrames: { utterance: number; atMs: number }[] = [];
  const directory = {} as CallDirectory;
  /** Utterances that `hearAll` has played. */
  const done = new Set<number>();
  const leg: Leg = {
    slot: 1,
    format: { codec: "pcmu", rateHz },
    frameBytes: frameSamples,
    protocol: "test",
    openedAtMs: 0,
  };
  const prompts = new Map(
    [...flow.fixedPrompts, flow.offline].map((text) => [
      promptId({ text, voice: flow.voice, language: flow.language }),
      new Uint8Array(rateHz).fill(0x10),
    ]),
  );
  const ports: CastPorts = {
    time,
    flow: () => flow,
    vad: {
      // A frame of the loudest sample is speech, silence is not.
      create: () => ({
        isSpeech: (frame) => Math.abs(frame[0]!) > 1000,
        reset: () => undefined,
        close: () => undefined,
      }),
      openCount: 0,
    },
    recognizer:
      options.hasRecognizer === false
        ? undefined
        : {
            ratesHz: [8000, 16000],
            takesPhrasesOnly: options.takesPhrasesOnly ?? false,
            open({ grammar }, listener) {
              const stream = new RigStream(grammar.phrases, listener);
              streams.push(stream);
              return stream;
            },
          },
    analyzers: new Map(),
    synthesizer: wholeVoice(
      options.synthesize ??
        (() => Promise.resolve({ rateHz, samples: new Int16Array(rateHz).fill(3000) })),
    ),
    findPrompt: (id) => (options.hasPrompts === false ? undefined : prompts.get(id)),
    media: {
      playPrompt: (_slot, utterance, id) => media.push({ kind: "play", utterance, promptId: id }),
      openStream: (_slot, utterance) => media.push({ kind: "open", utterance }),
      streamFrame(_slot, utterance) {
        streamedFrames.push({ utterance, atMs: time.nowMs() });
        return true;
      },
      endStream: (_slot, utterance) => media.push({ kind: "end", utterance }),
      clear: (_slot, utterance) => media.push({ kind: "clear", utterance }),
      hold: () => media.push({ kind: "hold" }),
      release: () => media.push({ kind: "release" }),
      hangup(_slot, reason) {
        media.push({ kind: "hangup", reason });
        time.soon(() => directory.call.tell({ kind: "legClosed", reason }));
      },
    },
    pages: new SharedPages(),
    record(chunk) {
      // As a store does it: the pages are used again.
      chunks.push({ ...chunk, callee: chunk.callee?.slice(), agent: chunk.agent?.slice() });
      return Promise.resolve();
    },
    recordedChunks: () => Promise.resolve(chunks.length),
    remember: (_callId, memory) => memories.push(memory),
    report: (_callId, event) => events.push(event),
    latency: {
      frameIn: new Histogram(),
      frameHeld: new Histogram(),
      turn: new Histogram(),
      turnEngine: new Histogram(),
    },
    ...options.ports,
  };
  const system = createActorSystem({
    name: "rig",
    dispatcher: createSchedulerDispatcher(time),
    time,
    deadLetters: letters.take,
    onFailure: (path, error) => failures.push({ path, error }),
  });
  const spec: CallSpec = {
    callId: "c1",
    userId: "u1",
    flowId: flow.id,
    variables: options.variables ?? {},
    isRecorded: true,
    ...(options.hearing === undefined ? {} : { hearing: options.hearing }),
    answerMsMax: 30_000,
    durationMsMax: 600_000,
  };
  const { memory } = options;
  const life = memory === undefined ? {} : { memory, incarnation: 2 };
  system.spawn("call", call({ ports, spec, directory, ...life }));

  let mediaSamples = 0;
  /** The time that a frame takes, and then the frame, whole. */
  const frame = async (isSpeech: boolean): Promise<void> => {
    // A voice of 100 Hz, as loud as can be, its one half a wave as its other.
    const payload = new Uint8Array(frameSamples).map((_, at) =>
      isSpeech ? (at % 80 < 40 ? 0x00 : 0x80) : 0xff,
    );
    time.advance(frameMs);
    directory.mediaLeg?.tell({ kind: "audio", payload, mediaSamples, atMs: time.nowMs() });
    mediaSamples += frameSamples;
    // Promises of the ports (stored chunks, rendered speech) come back between frames.
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    time.settle();
  };
  const hear = async (durationMs: number, isSpeech: boolean): Promise<void> => {
    for (let atMs = 0; atMs < durationMs; atMs += frameMs) await frame(isSpeech);
  };
  return {
    time,
    events,
    media,
    chunks,
    memories,
    failures,
    letters,
    streams,
    streamedFrames,
    directory,
    system,
    ports,
    /** Opens the leg: the call is answered. */
    answer() {
      directory.call.tell({ kind: "legOpened", leg });
      time.settle();
    },
    /** The gateway hands the leg of a lost shard over. */
    adopt(adoption: LegAdoption) {
      directory.call.tell({ kind: "legOpened", leg, adoption });
      time.settle();
    },
    /** Media time that went by before this rig came. */
    skipMedia(durationMs: number) {
      mediaSamples += (durationMs * rateHz) / 1000;
      return Promise.resolve();
    },
    /** The callee talks, or is silent, for so long. */
    talk: (durationMs: number) => hear(durationMs, true),
    silence: (durationMs: number) => hear(durationMs, false),
    /** The gateway says that an utterance began, or ended after so much was heard. */
    started(utterance: number) {
      const notice = { kind: "playbackStarted", utterance, atMs: time.nowMs() } as const;
      directory.mediaLeg?.tell(notice);
      time.settle();
    },
    ended(utterance: number, heardMs = 1000, reason: "completed" | "cleared" = "completed") {
      const atMs = time.nowMs();
      directory.mediaLeg?.tell({ kind: "playbackEnded", utterance, atMs, heardMs, reason });
      time.settle();
    },
    /** Plays everything that was said so far to its end. */
    async hearAll() {
      time.settle();
      for (const entry of media) {
        if (entry.kind !== "play" || done.has(entry.utterance)) continue;
        done.add(entry.utterance);
        this.started(entry.utterance);
        this.ended(entry.utterance);
      }
      await Promise.resolve();
      time.settle();
    },
    press(digit: string) {
      directory.call.tell({ kind: "keypad", digit });
      time.settle();
    },
    closeLeg(reason = "gone") {
      directory.call.tell({ kind: "legClosed", reason });
      time.settle();
    },
    async settle() {
      for (let turn = 0; turn < 20; turn += 1) {
        await Promise.resolve();
        time.settle();
      }
    },
    outcome: () => events.find((event) => event.kind === "ended")?.outcome,
    said: () =>
      events.flatMap((event) =>
        event.kind === "transcript" && event.side === "agent" ? [event.text] : [],
      ),
    states: () => events.flatMap((event) => (event.kind === "state" ? [event.state] : [])),
  };
}

/** One stream of the recogniser, played by the test. */
export class RigStream {
  readonly phrases: readonly string[];
  readonly #listener: (event: RecognizerEvent) => void;
  samples = 0;
  isFinished = false;
  isCancelled = false;

  constructor(phrases: readonly string[], listener: (event: RecognizerEvent) => void) {
    this.phrases = phrases;
    this.#listener = listener;
  }

  write(samples: Int16Array): void {
    this.samples += samples.length;
  }

  finish(): void {
    this.isFinished = true;
  }

  cancel(): void {
    this.isCancelled = true;
  }

  emit(event: RecognizerEvent): void {
    if (!this.isCancelled) this.#listener(event);
  }

  final(text: string, isRejected = false): void {
    this.emit({ kind: "final", text, isRejected });
  }
}

/** The interleaved samples of a chunk: left the callee, right the agent. */
export function stereoOf(chunk: RecordedChunk): Int16Array {
  const sides = { left: chunk.callee, right: chunk.agent };
  return decodeStereo(codecOf(chunk.format.codec), sides, chunk.sampleCount);
}
