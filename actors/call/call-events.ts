/** What a call tells the rest of the engine: plain data that crosses threads. */
import type { Label } from "../../speech/analyzers/analyzer.js";
import type { AnswerKind } from "../../speech/analyzers/answer-analyzer.js";
import type { ErrorData } from "../../base/errors.js";

/** Parts of one answer, in milliseconds; `turnMs` is their sum. */
export type TurnLatency = {
  readonly turnId: number;
  /** End of the caller's speech → first frame of the answer sent. */
  readonly turnMs: number;
  /** End of speech → the turn detector is sure. */
  readonly endpointMs: number;
  /** → final transcript. */
  readonly asrFinalMs: number;
  /** → the flow has decided. */
  readonly decisionMs: number;
  /** → first frame of the answer on its way (speech synthesis, where the prompt is not cached). */
  readonly playoutMs: number;
  /** `turnMs` without endpointing and without waits for vendors: what we ourselves add. */
  readonly turnEngineMs: number;
  /** Whether the answer was a cached prompt. */
  readonly isCached: boolean;
};

/** `agent` is the engine, `callee` the person it dialled. */
export type Side = "agent" | "callee";

/** `atMs` counts from the answer. Texts and digits are personal data. */
export type CallEvent =
  | { readonly kind: "answered"; readonly protocol: string; readonly format: string }
  | {
      readonly kind: "transcript";
      readonly side: Side;
      readonly text: string;
      readonly atMs: number;
      /** Callee: heard, but outside of what the flow expected. */
      readonly isRejected?: boolean;
      /** Agent: played from the prompt cache; absent where an earlier shard said it. */
      readonly isCached?: boolean;
    }
  | { readonly kind: "keypad"; readonly digit: string; readonly atMs: number }
  | {
      readonly kind: "interrupted";
      readonly atMs: number;
      /** Caller's onset → our `clear` sent. */
      readonly reactionMs: number;
    }
  /** Who has answered, and by what that is known: see `speech/analyzers/`. */
  | {
      readonly kind: "answeredBy";
      readonly answeredBy: AnswerKind;
      readonly cause: string;
      readonly atMs: number;
    }
  /** An analyzer says something else than before. */
  | {
      readonly kind: "label";
      readonly analyzer: string;
      readonly label: Label;
      readonly atMs: number;
    }
  /** A `mark` of what we say was heard, so far into its utterance. */
  | {
      readonly kind: "mark";
      readonly name: string;
      readonly heardMs: number;
      readonly atMs: number;
    }
  /** The callee talks this language: from now on the dialog does. */
  | {
      readonly kind: "language";
      readonly language: string;
      readonly flow: string;
      readonly atMs: number;
    }
  | { readonly kind: "state"; readonly state: string; readonly atMs: number }
  | { readonly kind: "turn"; readonly latency: TurnLatency; readonly atMs: number }
  | { readonly kind: "restarted"; readonly actor: string; readonly error: ErrorData }
  /** Once per actor and code: something failed, and the call goes on without it. */
  | { readonly kind: "trouble"; readonly actor: string; readonly error: ErrorData }
  | {
      readonly kind: "ended";
      /** The flow's own outcome, or `hangup`, `failed`, `no_answer` … */
      readonly outcome: string;
      readonly durationMs: number;
      readonly recordedMs: number;
    };
