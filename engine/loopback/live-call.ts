/**
 * An answered call at the callee: its media connection, its ear and mouth, and the script between.
 *
 *     client ─played─▶ line ─▶ listener ─began, over─▶ mind ─▶ act ─▶ mouth, keys, hang-up
 *        ▲                                                              │
 *        └───────────── one frame every 20 ms ◀── pacer ◀───────────────┘
 */
import { assertNever } from "../../base/assert.js";
import type { Time, Timer } from "../../base/ports.js";
import type { MediaClient } from "../../access/client/index.js";
import { codecOf, frameSamples, type AudioFormat } from "../../codecs/audio/audio-codec.js";
import { AgentListener, type HeardTurn } from "./agent-listener.js";
import { CallMeasures } from "./call-measures.js";
import { CallRecording } from "./call-recording.js";
import { CalleeMind } from "./callee-mind.js";
import type { CalleeDial } from "./callee-messages.js";
import type { CalleeParts } from "./callee-parts.js";
import type { CalleeDeed, CalleeReport, HeardPrompt } from "./callee-report.js";
import { knownPrompts, type CalleeTurn } from "./callee-script.js";
import { HeardLine } from "./heard-line.js";
import { webSocketMedia, type MediaEnd, type MediaSocket } from "./media-connection.js";
import { Mouth } from "./mouth.js";
import { Pacer } from "./pacer.js";
import { PromptEar } from "./prompt-ear.js";
import type { RenderedSpeech } from "./speech-render.js";

const FRAME_MS = 20;
/** Between two keys. */
const KEY_MS = 250;
/** Shorter sounds that are no known prompt are noise. */
const NOISE_MS_MAX = 200;
/** How long the recogniser may take for a prompt that was under way at the end. */
const LAST_PROMPT_MS_MAX = 1000;

/** How the call ended, and everything about it. */
export type LiveCallEnd = MediaEnd & { readonly report: CalleeReport };

export type LiveCallOptions = {
  readonly dial: CalleeDial;
  readonly parts: CalleeParts;
  /** By text: everything the turns say. */
  readonly speech: ReadonlyMap<string, RenderedSpeech>;
  readonly format: AudioFormat;
  /** Called once. */
  readonly ended: (end: LiveCallEnd) => void;
};

export class LiveCall {
  readonly #options: LiveCallOptions;
  readonly #time: Time;
  readonly #answeredAtMs: number;
  readonly #turns: readonly CalleeTurn[];
  readonly #mind: CalleeMind;
  readonly #measures: CallMeasures;
  readonly #line: HeardLine;
  readonly #listener: AgentListener;
  readonly #mouth: Mouth;
  readonly #pacer: Pacer;
  readonly #recording: CallRecording | undefined;
  readonly #socket: MediaSocket;
  readonly #payload: Uint8Array;
  readonly #heard: HeardPrompt[] = [];
  readonly #did: CalleeDeed[] = [];
  readonly #keyTimers = new Set<Timer>();
  #pending: { readonly turn: number; readonly timer: Timer } | undefined;
  #interruptTimer: Timer | undefined;
  #sentFrames = 0;
  /** Prompts that began and whose `over` has not come. */
  #openPrompts = 0;
  #end: MediaEnd | undefined;
  #isReported = false;

  constructor(options: LiveCallOptions) {
    const { dial, parts, format } = options;
    const { rateHz } = format;
    const { recognizer, time } = parts;
    this.#options = options;
    this.#time = time;
    this.#answeredAtMs = time.nowMs();
    this.#turns = turnsOf(options);
    this.#mind = new CalleeMind(this.#turns);
    this.#measures = new CallMeasures(this.#answeredAtMs);
    this.#line = new HeardLine(format, (frame) => {
      this.#recording?.heard(frame.samples, frame.atMs);
      this.#listener.frame(frame);
    });
    const prompts = knownPrompts(dial.script);
    this.#listener = new AgentListener({
      vad: parts.vad.create({ rateHz: rateHz as 8000 | 16000 }),
      ear: recognizer === undefined ? undefined : new PromptEar(recognizer, prompts, rateHz),
      frameSamples: frameSamples(rateHz, FRAME_MS),
      sink: { began: (fromMs) => this.#began(fromMs), over: (turn) => this.#over(turn) },
    });
    this.#mouth = new Mouth(rateHz, parts.rng);
    this.#pacer = new Pacer(time, (deadlineMs) => this.#beat(deadlineMs));
    const { recordDir } = parts.settings;
    if (recordDir !== undefined) this.#recording = new CallRecording(rateHz, this.#answeredAtMs);
    this.#socket = this.#connect(dial, format);
    this.#payload = new Uint8Array(this.#client.frameBytes);
  }

  /** Hangs up from outside the script. */
  hangup(): void {
    this.#client.hangup("hangup");
    this.#finish({ endedBy: "trunk", isFailure: false, cause: "hung up by the trunk" });
  }

  get #client(): MediaClient {
    return this.#socket.client;
  }

  #connect(dial: CalleeDial, format: AudioFormat): MediaSocket {
    const { media = webSocketMedia } = this.#options.parts;
    return media.connect({
      dial,
      format,
      time: this.#time,
      listener: {
        ready: () => this.#ready(),
        frame: (frame) => this.#measures.arrived(frame),
        played: (frame) => this.#measures.played(frame, this.#line.played(frame)),
        clear: ({ atMs }) => {
          this.#measures.cleared(atMs);
          this.#listener.cut();
        },
        ended: (end) => this.#finish(end),
      },
    });
  }

  #ready(): void {
    this.#line.open(this.#time.nowMs());
    this.#pacer.start();
  }

  #beat(deadlineMs: number): void {
    const samples = this.#mouth.next(deadlineMs);
    this.#recording?.said(samples, deadlineMs - FRAME_MS);
    codecOf(this.#options.format.codec).encode(samples, this.#payload);
    this.#client.sendFrame(this.#payload, deadlineMs);
    this.#sentFrames += 1;
    // After a stall frames that sounded meanwhile come first, or silence would be put among them.
    const nowMs = this.#time.nowMs();
    this.#time.soon(() => this.#line.tick(nowMs));
  }

  /** The agent speaks: what we were about to do waits, unless it is to interrupt. */
  #began(fromMs: number): void {
    this.#openPrompts += 1;
    if (this.#pending !== undefined) {
      this.#pending.timer.cancel();
      this.#mind.takeBack(this.#pending.turn);
      this.#pending = undefined;
    }
    const present = this.#mind.present;
    const afterMs = present?.turn.interruptAfterMs;
    if (present === undefined || afterMs === undefined) return;
    const delayMs = Math.max(0, fromMs + afterMs - this.#time.nowMs());
    this.#interruptTimer = this.#time.after(delayMs, () => {
      this.#mind.interrupt();
      this.#act(present.index);
    });
  }

  #over({ fromMs, toMs, text, isRejected, isCut, note }: HeardTurn): void {
    this.#openPrompts -= 1;
    this.#interruptTimer?.cancel();
    const isNoise = text === null && !isCut && toMs - fromMs < NOISE_MS_MAX;
    const isDecided = !isCut && !isNoise && this.#end === undefined;
    const decision = isCut || isNoise ? undefined : this.#mind.heard(text);
    if (!isNoise) {
      this.#heard.push({
        fromMs: this.#relative(fromMs),
        toMs: this.#relative(toMs),
        text,
        isRejected,
        isExpected: decision?.isExpected ?? null,
        isCut,
        ...(note === undefined ? {} : { note }),
      });
    }
    if (isDecided && decision?.turn !== undefined) this.#plan(decision.turn);
    if (this.#end !== undefined && this.#openPrompts === 0) this.#report(this.#end);
  }

  #plan(turn: number): void {
    if (this.#listener.isHearing) return this.#mind.takeBack(turn);
    const timer = this.#time.after(this.#turns[turn]!.delayMs, () => {
      this.#pending = undefined;
      this.#act(turn);
    });
    this.#pending = { turn, timer };
  }

  #act(turn: number): void {
    const { action } = this.#turns[turn]!;
    switch (action.kind) {
      case "nothing":
        return;
      case "say":
        return this.#say(turn, action.parts);
      case "press":
        return this.#press(turn, action.digits);
      case "hangup": {
        const atMs = this.#relative(this.#time.nowMs());
        this.#did.push({ turn, kind: "hangup", text: "", startMs: atMs, endMs: atMs });
        this.#client.hangup("hangup");
        return this.#finish({ endedBy: "callee", isFailure: false, cause: "the callee hung up" });
      }
      default:
        return assertNever(action);
    }
  }

  #say(turn: number, parts: Extract<CalleeTurn["action"], { kind: "say" }>["parts"]): void {
    const text = parts.map((part) => ("text" in part ? part.text : "…")).join(" ");
    this.#mouth.say({
      pieces: parts.map((part) => ("text" in part ? this.#options.speech.get(part.text)! : part)),
      started: (startMs) => this.#measures.began(turn, startMs, this.#listener.isHearing),
      ended: ({ startMs, endMs }) => {
        const span = { startMs: this.#relative(startMs), endMs: this.#relative(endMs) };
        this.#did.push({ turn, kind: "say", text, ...span });
        this.#measures.done(turn, "say", endMs);
      },
    });
  }

  #press(turn: number, digits: string): void {
    const startMs = this.#time.nowMs();
    this.#measures.began(turn, startMs, this.#listener.isHearing);
    const pressFrom = (index: number): void => {
      this.#client.sendDtmf(digits[index]!);
      if (index + 1 < digits.length) {
        const timer = this.#time.after(KEY_MS, () => {
          this.#keyTimers.delete(timer);
          pressFrom(index + 1);
        });
        this.#keyTimers.add(timer);
        return;
      }
      const endMs = this.#time.nowMs();
      const span = { startMs: this.#relative(startMs), endMs: this.#relative(endMs) };
      this.#did.push({ turn, kind: "press", text: digits, ...span });
      this.#measures.done(turn, "press", endMs);
    };
    pressFrom(0);
  }

  #finish(end: MediaEnd): void {
    if (this.#end !== undefined) return;
    // Twilio's way of hanging up is to close, and that may be a gateway's way of refusing, too.
    const isClose = end.endedBy === "agent" && this.#options.dial.script.protocol === "twilio";
    const isSilent = isClose && this.#measures.frames === 0;
    this.#end = isSilent
      ? { ...end, isFailure: true, cause: `${end.cause} before anything was heard` }
      : end;
    this.#pacer.stop();
    this.#pending?.timer.cancel();
    this.#interruptTimer?.cancel();
    for (const timer of this.#keyTimers) timer.cancel();
    this.#listener.close();
    const last = this.#end;
    if (this.#openPrompts === 0) this.#report(last);
    else this.#time.after(LAST_PROMPT_MS_MAX, () => this.#report(last));
  }

  #report(end: MediaEnd): void {
    if (this.#isReported) return;
    this.#isReported = true;
    const durationMs = this.#relative(this.#time.nowMs());
    const { recordDir } = this.#options.parts.settings;
    const tell = (recordingFile?: string): void =>
      this.#options.ended({ ...end, report: this.#makeReport(end, durationMs, recordingFile) });
    if (this.#recording === undefined) return tell();
    const file = `${recordDir}/${this.#options.dial.callId.replace(/[^\w.-]/g, "_")}.wav`;
    this.#recording.save(file).then(
      () => tell(file),
      // The call is not worse for it; the report then names no file.
      () => tell(),
    );
  }

  #makeReport(end: MediaEnd, durationMs: number, recordingFile?: string): CalleeReport {
    const { dial, parts } = this.#options;
    const { turns, interruptions, ...received } = this.#measures.finish();
    const { note } = parts.recognition;
    return {
      callId: dial.callId,
      script: dial.script.id,
      protocol: dial.script.protocol,
      isRecognizing: parts.recognizer !== undefined,
      ...(note === undefined ? {} : { recognitionNote: note }),
      expectOutcome: dial.script.expectOutcome,
      heard: this.#heard,
      did: this.#did,
      turns,
      interruptions,
      received: { ...received, lateGaps: this.#line.lateGaps },
      sent: {
        frames: this.#sentFrames,
        lateness: this.#pacer.lateness,
        skipped: this.#pacer.skipped,
      },
      durationMs,
      endedBy: end.endedBy,
      cause: end.cause,
      ...(recordingFile === undefined ? {} : { recordingFile }),
    };
  }

  #relative(atMs: number): number {
    return Math.round((atMs - this.#answeredAtMs) * 10) / 10;
  }
}

/** Without a recogniser the keypad variant is played. */
export function turnsOf({
  dial,
  parts,
}: Pick<LiveCallOptions, "dial" | "parts">): readonly CalleeTurn[] {
  const { turns, keypadOnly } = dial.script;
  return parts.recognizer === undefined && keypadOnly.length > 0 ? keypadOnly : turns;
}
