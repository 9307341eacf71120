/**
 * The messages between the actors of one call. Each union is one mailbox; the comment says the
 * lane. Times are monotonic milliseconds unless a name says otherwise.
 */
import type { ErrorData } from "../../base/errors.js";
import type { Expectation } from "../../dialog/dialog-types.js";
import type { FinalText, Label } from "../../speech/analyzers/analyzer.js";
import type { AnswerKind } from "../../speech/analyzers/answer-analyzer.js";
import type { Grammar, RecognizerEvent } from "../../speech/asr/recognizer.js";
import type { PcmAudio, SpeechEvent } from "../../speech/tts/synthesizer.js";
import type { ActorRef, ChildDown } from "../kernel/index.js";
import type { AudioFrame } from "./audio-frame.js";
import type { Leg, LegAdoption, RecordingAnchor } from "./cast-ports.js";

/** What the gateway says about an utterance. */
export type PlaybackNotice =
  | { readonly kind: "playbackStarted"; readonly utterance: number; readonly atMs: number }
  | {
      readonly kind: "playbackEnded";
      readonly utterance: number;
      readonly atMs: number;
      readonly heardMs: number;
      readonly reason: "completed" | "cleared";
    }
  /** The connection is lost: nothing sounds until `playbackResumed`, or the end. */
  | {
      readonly kind: "playbackPaused";
      readonly utterance: number;
      /** Whole frames that sounded, as far as is known. */
      readonly heardFrames: number;
    }
  /** Speech goes on after a gap; `sentFrames` of the utterance sounded before it. */
  | {
      readonly kind: "playbackResumed";
      readonly utterance: number;
      readonly atMs: number;
      readonly sentFrames: number;
    };

export type MediaLegMessage =
  /** Audio lane. One payload as it came; lent, and passed on to the recorder. */
  | AudioFrame
  /** Intents. Announces an utterance; without a prompt its audio comes as `speech`. */
  | {
      readonly kind: "say";
      readonly utterance: number;
      readonly isInterruptible: boolean;
      readonly promptId: string | undefined;
    }
  /** TTS lane, on credit by the sentence: the next samples of synthesized speech. */
  | {
      readonly kind: "speech";
      readonly utterance: number;
      readonly audio: PcmAudio | undefined;
      /** What was said before lies before this mark. */
      readonly mark?: string | undefined;
      readonly endsSentence: boolean;
      readonly isLast: boolean;
    }
  | { readonly kind: "clear"; readonly utterance: number }
  | { readonly kind: "expect"; readonly expectation: Expectation }
  /** The answer came by key: what is being said at this moment counts no more. */
  | { readonly kind: "forgetTurn" }
  /** What the recogniser made of who answers: the ear that judges them takes it along. */
  | { readonly kind: "greeting"; readonly text: string }
  /** System. The connection is lost: that nothing comes is not the caller's silence. */
  | { readonly kind: "legAway" }
  | { readonly kind: "legBack"; readonly atMs: number }
  /** System. Another gateway has it now: what was said to the one before is void. */
  | { readonly kind: "legReplaced"; readonly atMs: number }
  /** System, own timer: looks whether the audio of an open turn still comes. */
  | { readonly kind: "audioCheck" }
  /** Transcripts. What the recogniser makes of the open turn. */
  | { readonly kind: "partial"; readonly turnId: number; readonly text: string }
  /** System. The gateway has played, or dropped, so many streamed frames of the utterance. */
  | { readonly kind: "credit"; readonly frames: number; readonly utterance: number }
  | PlaybackNotice;

export type RecognizerMessage =
  | { readonly kind: "expect"; readonly grammar: Grammar }
  /** Audio lane, lent; in order with the ends of turns. An unknown turn opens itself. */
  | { readonly kind: "audio"; readonly turnId: number; readonly samples: Int16Array }
  | { readonly kind: "turnEnded"; readonly turnId: number }
  /** What comes next of the turn is heard by itself: an "um" before an answer is none of it. */
  | { readonly kind: "stretchEnded"; readonly turnId: number }
  | { readonly kind: "turnCancelled"; readonly turnId: number }
  /** System. From the stream of that number. */
  | { readonly kind: "heard"; readonly streamId: number; readonly event: RecognizerEvent };

export type DialogMessage =
  /** System. The line is open: begin, or go on where the last life stopped. */
  | { readonly kind: "begin"; readonly leg: Leg }
  /** System. The callee cannot be heard at the moment: their silence is not waited for. */
  | { readonly kind: "legAway" }
  | { readonly kind: "legBack"; readonly atMs: number }
  /** System. By another gateway: what was being said is said again, and keys are counted anew. */
  | { readonly kind: "legReplaced" }
  | { readonly kind: "turnStarted"; readonly turnId: number }
  | { readonly kind: "turnCancelled"; readonly turnId: number }
  | {
      readonly kind: "turnEnded";
      readonly turnId: number;
      readonly speechEndAtMs: number;
      readonly atMs: number;
    }
  | { readonly kind: "turnReopened"; readonly turnId: number }
  | { readonly kind: "bargeIn"; readonly turnId: number; readonly onsetAtMs: number }
  /** Transcripts; finals of one turn replace one another. */
  | {
      readonly kind: "final";
      readonly turnId: number;
      readonly text: string;
      readonly isRejected: boolean;
      /** What was spoken, where the recogniser can tell. */
      readonly language?: string | undefined;
      /** For a recogniser of somebody else's. */
      readonly waitedMs?: number;
      readonly atMs: number;
    }
  | { readonly kind: "keypad"; readonly digit: string; readonly number?: number | undefined }
  /** System, own timers. */
  | { readonly kind: "silence"; readonly listenId: number }
  | { readonly kind: "finalOverdue"; readonly turnId: number }
  | { readonly kind: "hangup" }
  /** What an analyzer says of the callee, where the flow has a use for it. */
  | { readonly kind: "label"; readonly label: Label }
  /** Who has answered, as far as can be heard; once, before anything is said. */
  | { readonly kind: "answeredBy"; readonly answeredBy: AnswerKind; readonly cause: string }
  /** The machine's greeting is over: what is said now is recorded. */
  | { readonly kind: "machineRecords"; readonly cause: string }
  /** No voice can say it: what was announced will not come. */
  | { readonly kind: "voiceLost"; readonly utterance: number }
  /** Another of the cast begins a new life. In order behind the turns of its last one. */
  | { readonly kind: "castRestarted"; readonly role: ForgetfulRole }
  /** Where a mark lies in an utterance that is being made. */
  | {
      readonly kind: "mark";
      readonly utterance: number;
      readonly name: string;
      readonly positionMs: number;
    }
  /** System, own timer. */
  | { readonly kind: "marksDue" }
  | PlaybackNotice;

export type SynthesizerMessage =
  | {
      readonly kind: "speak";
      readonly utterance: number;
      readonly text: string;
      readonly voice: string;
      readonly language: string;
    }
  | { readonly kind: "clear"; readonly utterance: number }
  /** A credit: the leg has room for one more sentence. */
  | { readonly kind: "chunkTaken"; readonly utterance: number }
  /** System. What became of the sentence `id`; one that was given up counts no more. */
  | {
      readonly kind: "made";
      readonly utterance: number;
      readonly id: number;
      readonly event: SpeechEvent;
    }
  /** System, own timer. */
  | { readonly kind: "overdue"; readonly utterance: number; readonly id: number };

export type AnalysisMessage =
  /** Audio lane, lent: the next 20 ms of the callee. */
  | { readonly kind: "frame"; readonly samples: Int16Array; readonly isSpeech: boolean }
  /** Transcripts: partials of one turn replace one another. */
  | { readonly kind: "partial"; readonly turnId: number; readonly text: string }
  | ({ readonly kind: "final" } & FinalText)
  /** System. From an analyzer that took its time. */
  | { readonly kind: "labelled"; readonly analyzer: string; readonly label: Label };

export type RecorderMessage =
  /** Audio lane: the callee; lent. */
  | AudioFrame
  /** What an utterance of ours consists of, before or while it plays. Whole samples of the leg. */
  | { readonly kind: "spoken"; readonly utterance: number; readonly audio: Uint8Array }
  | { readonly kind: "stored"; readonly index: number }
  | { readonly kind: "storeFailed"; readonly index: number; readonly error: ErrorData }
  /** How many chunks an earlier shard stored: this one goes on behind them. */
  | { readonly kind: "cursor"; readonly chunks: number }
  | { readonly kind: "cursorUnknown"; readonly error: ErrorData }
  | { readonly kind: "flush" }
  /** Nobody will say what became of what sounds: it is taken to have ended at that instant. */
  | { readonly kind: "cutOff"; readonly atMs: number }
  | PlaybackNotice;

export type CallMessage =
  | { readonly kind: "legOpened"; readonly leg: Leg; readonly adoption?: LegAdoption }
  | { readonly kind: "legClosed"; readonly reason: string }
  /** Its connection is lost, and found again. */
  | { readonly kind: "legAway"; readonly change: number }
  | { readonly kind: "legBack"; readonly atMs: number; readonly change: number }
  /** The gateway is gone, and its client may come back to another: as a new `legOpened`. */
  | { readonly kind: "legLost"; readonly atMs: number }
  /** `number`: which key of its leg. */
  | { readonly kind: "keypad"; readonly digit: string; readonly number?: number | undefined }
  /** For the MediaLeg; told to the Call because it keeps the order behind `legOpened`. */
  | { readonly kind: "playback"; readonly notice: PlaybackNotice }
  | { readonly kind: "credit"; readonly frames: number; readonly utterance: number }
  | { readonly kind: "recordingBegan"; readonly anchor: RecordingAnchor }
  | { readonly kind: "dialogEnded"; readonly outcome: string }
  | { readonly kind: "recorded"; readonly recordedMs: number }
  /** Something went wrong that the call lives on with. */
  | { readonly kind: "trouble"; readonly actor: ChildRole; readonly error: ErrorData }
  | { readonly kind: "hangup"; readonly outcome: string }
  | ChildDown
  | { readonly kind: "answerOverdue" }
  | { readonly kind: "durationOver" }
  | { readonly kind: "closeOverdue" };

/** Those whose loss the Dialog makes good, by telling them again. */
export type ForgetfulRole = "mediaLeg" | "recognizer" | "synthesizer";

export type ChildRole =
  "mediaLeg" | "dialog" | "recognizer" | "synthesizer" | "recorder" | "analysis";

/**
 * Who is who in one call. Only the Call writes it, when a child starts or restarts; the others
 * look the present life up whenever they send.
 */
export type CallDirectory = {
  call: ActorRef<CallMessage>;
  mediaLeg?: ActorRef<MediaLegMessage>;
  dialog?: ActorRef<DialogMessage>;
  recognizer?: ActorRef<RecognizerMessage>;
  synthesizer?: ActorRef<SynthesizerMessage>;
  recorder?: ActorRef<RecorderMessage>;
  /** Absent where nobody listens, and where it has failed. */
  analysis?: ActorRef<AnalysisMessage>;
};
