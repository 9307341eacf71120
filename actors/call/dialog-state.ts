/** What a Dialog knows: where the flow stands, what is being said, and what is waited for. */
import type { Timer } from "../../base/ports.js";
import type {
  CompiledFlow,
  DialogEffect,
  DialogSnapshot,
  DialogStep,
} from "../../dialog/dialog-types.js";
import type { Label } from "../../speech/analyzers/analyzer.js";
import type { CastPorts, CallSpec, Leg } from "./cast-ports.js";
import type { CallDirectory, DialogMessage } from "./messages.js";
import { SpeechMarks } from "./speech-marks.js";
import type { TurnClock } from "./turn-clock.js";

/** Waiting for an answer, as the flow says. */
export type Listen = Extract<DialogEffect, { kind: "listen" }>;

/** What is being said; the text is "" where an earlier life said it. */
type Speaking = { readonly text: string; readonly isStreamed: boolean };

/** Streamed speech of an earlier shard is cut at its loss: what plays on is a prompt. */
const unknownSpeech: Speaking = { text: "", isStreamed: false };

/** What is needed to take an answer back. */
type Checkpoint = {
  readonly turnId: number;
  readonly flow: CompiledFlow;
  readonly step: DialogStep;
  readonly listen: Listen | undefined;
};

/** One life of a Dialog. */
export type DialogState = {
  /** The one the call began with, or the same in another language. */
  flow: CompiledFlow;
  leg: Leg | undefined;
  step: DialogStep;
  checkpoint: Checkpoint | undefined;
  lastUtterance: number;
  /** The newest key of the leg that was taken. */
  lastKey: number;
  /** Utterances that are not over. */
  readonly speaking: Map<number, Speaking>;
  listen: Listen | undefined;
  listenId: number;
  outcome: string | undefined;
  /** What was said of a turn that is not understood yet, in order. */
  labels: Label[];
  /** Nothing is said yet: it is being found out who has answered, or a machine still speaks. */
  answering: "listening" | "machine" | undefined;
  isCallerSpeaking: boolean;
  /** The connection is lost: what the caller does not say is no silence. */
  isAway: boolean;
  /** The newest turn heard of. */
  turnId: number;
  /** Turns up to here were answered by key: what is still heard of them counts no more. */
  forgottenTurnId: number;
  /** The turn whose final is awaited. */
  clock: TurnClock | undefined;
  /** Keyed answers and turns that were cancelled are not waited for. */
  awaitedTurnId: number | undefined;
  /** Of what is being said. */
  readonly marks: SpeechMarks;
  markTimer: Timer | undefined;
  silenceTimer: Timer | undefined;
  finalTimer: Timer | undefined;
};

/** What a dialog that goes on must know of the life before. */
export type EarlierDialog = {
  readonly snapshot: DialogSnapshot;
  /** The newest utterance number that may have been used. */
  readonly lastUtterance: number;
  /** The newest key that was taken. */
  readonly lastKey: number;
  /** Utterances that still sound. */
  readonly playing: readonly number[];
  /** What the present state says was not heard, or not to its end: it is said again. */
  readonly isRepeated: boolean;
  /** The whole call was lost, and is taken over: the flow's `onResume` applies. */
  readonly isTakenOver: boolean;
};

/** What another life of a Dialog goes on from. */
export type KeptStep = Pick<EarlierDialog, "snapshot" | "lastUtterance" | "lastKey">;

export type DialogOptions = {
  readonly ports: CastPorts;
  readonly directory: CallDirectory;
  readonly spec: CallSpec;
  /** Where an earlier life stood. */
  readonly earlier: EarlierDialog | undefined;
  readonly answeredAtMs: number;
  /**
   * Keeps a step for the lives to come, on any shard. At once, not by message: nothing of a step
   * may be said before it is kept.
   */
  readonly keepStep: (step: KeptStep) => void;
};

/** The state of a life that begins: at the start of the flow, or where an earlier one stood. */
export function newDialogState({ ports, spec, earlier }: DialogOptions): DialogState {
  const flow = ports.flow(earlier?.snapshot.flow ?? spec.flowId);
  const isSounding = (earlier?.playing.length ?? 0) > 0;
  const step =
    earlier === undefined
      ? flow.start(spec.variables)
      : flow.resume(earlier.snapshot, { ...earlier, isSounding });
  const lastUtterance = earlier?.lastUtterance ?? 0;
  return {
    flow,
    leg: undefined,
    step,
    checkpoint: undefined,
    lastUtterance,
    lastKey: earlier?.lastKey ?? 0,
    speaking: new Map(earlier?.playing.map((utterance) => [utterance, unknownSpeech])),
    listen: undefined,
    listenId: 0,
    outcome: undefined,
    labels: [],
    answering: earlier === undefined && flow.detectsMachines ? "listening" : undefined,
    isCallerSpeaking: false,
    isAway: false,
    turnId: 0,
    forgottenTurnId: 0,
    clock: undefined,
    awaitedTurnId: undefined,
    marks: new SpeechMarks(),
    markTimer: undefined,
    silenceTimer: undefined,
    finalTimer: undefined,
  };
}

/** What is needed to take back what is made of a turn. */
export function checkpointOf({ flow, step, listen }: DialogState, turnId: number): Checkpoint {
  return { turnId, flow, step, listen };
}

export function dialogLaneOf(message: DialogMessage): "system" | "transcripts" | "intents" {
  switch (message.kind) {
    case "final":
      return "transcripts";
    case "begin":
    case "legAway":
    case "legBack":
    case "legReplaced":
    case "hangup":
    case "playbackStarted":
    case "playbackPaused":
    case "playbackResumed":
    case "marksDue":
    case "playbackEnded":
      return "system";
    default:
      return "intents";
  }
}
