/** What the generator's process is asked, what it answers, and what it tells on its own. */
import type { Exercise, Outcome } from "../turns/exercise.js";
import type { HistogramSummary } from "../../base/histogram.js";

/**
 * `echo`: frames like those of `native`, to a server that sends them back; no handshake.
 * `trunk`: like `native`, all calls on one connection.
 */
export type LineKind = "native" | "twilio" | "echo" | "trunk";

/**
 * `stream`: speaks and pauses whatever it hears; presses a key when a prompt was heard to its end.
 * `interrupter`: silent until a prompt plays, then interrupts it.
 * `talker`: hears a prompt to its end, thinks, answers with the next clip, and waits.
 * `examinee`: does the exercises of its room, by name of clips: see `bench/turns/`.
 */
export type CallerKind = "stream" | "interrupter" | "talker" | "examinee";

/** A piece of audio: whole frames of 160 μ-law bytes. */
export type Clip = { readonly name: string; readonly audio: Uint8Array };

export type LoadSetup = {
  readonly line: LineKind;
  readonly caller: CallerKind;
  /** The first is what a silent line sounds like. */
  readonly clips: readonly Clip[];
  /**
   * `interrupter`: how many frames into the clip the engine has heard enough to fall silent. The
   * reaction is timed from that frame.
   */
  readonly triggerFrames?: number;
  /** `examinee`: what is to be done; whoever is dialled as a room takes part in that room's. */
  readonly exercises?: readonly Exercise[];
  /** Whether a native line that is lost is opened again, as a client would; default. */
  readonly isResuming?: boolean;
};

export type Dial = {
  readonly callId: string;
  readonly token: string;
  /** Base of the media URL, `ws://host:port`. */
  readonly url: string;
  /** Whom the engine meant to dial. */
  readonly to?: string;
};

/** Of one window of measurement. Histograms in milliseconds. */
export type LoadReport = {
  readonly sentFrames: number;
  readonly heardFrames: number;
  /** The generator's own frames against their deadlines. */
  readonly lateMs: HistogramSummary;
  /** Between two frames of one utterance. */
  readonly gapMs: HistogramSummary;
  /** `echo`: until the frame is back. `interrupter`: trigger frame sent → silenced. */
  readonly roundTripMs: HistogramSummary;
  /** Key pressed, or last frame of speech sent → first frame of the answer. */
  readonly answerMs: HistogramSummary;
  /** From the loss of a connection until another one went on with its call. */
  readonly awayMs: HistogramSummary;
  /** Utterances that were heard from the first frame to the mark behind the last. */
  readonly utterances: number;
  /** Checksum of what each of them sounded like → how often it was heard. */
  readonly contents: Readonly<Record<string, number>>;
  /** Frames or records that broke their order, and what about them. */
  readonly broken: readonly string[];
  readonly brokenCount: number;
  /** Frames that waited in the generator because a socket was full. */
  readonly blockedFrames: number;
};

/** A frame of ours as it arrived. */
export type HeardFrame = {
  readonly epochMs: number;
  readonly utterance: number;
  /** μ-law. */
  readonly audio: Uint8Array;
};

/** What one caller has heard since `listen`. */
export type HeardCall = {
  readonly callId: string;
  /** Longest time between two frames, of one utterance or of two. */
  readonly longestGapMs: number;
  readonly gapFromEpochMs: number;
  /** Since the last frame. */
  readonly silentMs: number;
  /** Connections that took the place of a lost one. */
  readonly resumptions: number;
  /** Checksums of the prompts that began, in order; the first began before `listen`. */
  readonly prompts: readonly number[];
  /** Only of the calls that `listen` named. */
  readonly frames: readonly HeardFrame[];
};

export type LoadAsks = {
  /** Begins to listen for gaps; `recorded` are the calls of which every frame is kept. */
  readonly listen: {
    readonly ask: { readonly recorded: readonly string[] };
    readonly answer: undefined;
  };
  /** What every caller has heard since, also those who are gone. */
  readonly heard: { readonly ask: undefined; readonly answer: readonly HeardCall[] };
  /** Cuts every nth call off, without a word. */
  readonly cut: { readonly ask: { readonly nth: number }; readonly answer: readonly string[] };
  readonly prepare: { readonly ask: LoadSetup; readonly answer: undefined };
  readonly dial: { readonly ask: Dial; readonly answer: undefined };
  /** Begins a window. */
  readonly begin: { readonly ask: undefined; readonly answer: undefined };
  readonly report: { readonly ask: undefined; readonly answer: LoadReport };
  /** What was said to the end in every call since `prepare`, in order, by the names of clips. */
  readonly said: { readonly ask: undefined; readonly answer: ReadonlyMap<string, string[]> };
  /** What came of the exercises so far, and how many callers still have something to do. */
  readonly outcomes: {
    readonly ask: undefined;
    readonly answer: { readonly outcomes: readonly Outcome[]; readonly busyCallers: number };
  };
  /** Ends every call from this side; resolves when all are gone. */
  readonly hangUp: { readonly ask: undefined; readonly answer: undefined };
};

export type LoadEvent =
  | { readonly kind: "opened"; readonly callId: string }
  | { readonly kind: "closed"; readonly callId: string; readonly reason: string };
