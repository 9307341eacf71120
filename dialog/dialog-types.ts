/**
 * What the dialog says to the rest of the engine and hears from it. Everything here is plain data:
 * it crosses threads, goes into the ledger as msgpack, and is replayed in tests.
 */
import type { answeringLimits, turnLimits } from "./limits.js";

/** What the caller may answer in the present state; recognisers make their grammar of it. */
export type Expectation = {
  /** `choice`: one of `phrases`; `digits`: a digit string (or a phrase); `free`: anything. */
  readonly kind: "choice" | "digits" | "free" | "none";
  /** As people say them: lower case, without punctuation, apostrophes kept. No duplicates. */
  readonly phrases: readonly string[];
  /** How many digits, both ends included; only with kind `digits`. */
  readonly digits?: { readonly min: number; readonly max: number };
  /** Keys that mean something now: `0`–`9`, `*`, `#`. */
  readonly keypad: readonly string[];
};

/** What happened on the line. */
export type DialogEvent =
  /** A turn of the caller; `isRejected`: heard, but outside the grammar. */
  | { readonly kind: "speech"; readonly text: string; readonly isRejected: boolean }
  /** One key. */
  | { readonly kind: "keypad"; readonly digit: string }
  /** Nothing came for the `silenceMs` of the last `listen`. */
  | { readonly kind: "silence" }
  /** An analyzer says something of the callee. Without a rule for it, it is only kept. */
  | {
      readonly kind: "label";
      readonly name: string;
      readonly value: string;
      readonly score: number;
    }
  /** A machine has answered, and records from now on. */
  | { readonly kind: "machine" }
  /** The other side is gone. */
  | { readonly kind: "hangup" };

/** What the engine is to do now, in order. */
export type DialogEffect =
  | {
      readonly kind: "say";
      readonly text: string;
      /** One of the flow's `fixedPrompts`: may be cached. Otherwise it holds personal data. */
      readonly isFixed: boolean;
      readonly isInterruptible: boolean;
    }
  /** Once what was said is heard: wait for an answer, at most `silenceMs`. */
  | { readonly kind: "listen"; readonly expectation: Expectation; readonly silenceMs: number }
  /** Once what was said is heard: hang up. Nothing follows. */
  | { readonly kind: "end"; readonly outcome: string };

/** Where a dialog stands: JSON-safe, msgpack-safe, a few hundred bytes. */
export type DialogSnapshot = {
  /** Form of the snapshot itself; see `snapshotForm`. */
  readonly form: number;
  readonly flow: string;
  /** Content hash of the flow that made it. */
  readonly version: string;
  readonly state: string;
  /** Personal data: never log them. */
  readonly variables: Readonly<Record<string, string>>;
  /** Answers taken so far (speech, silence, a finished keypad entry). */
  readonly turns: number;
  /** Re-prompts in this visit of the state, after silence and after a wrong answer. */
  readonly silences: number;
  readonly noMatches: number;
  /** Keys entered of a digit string that is not finished. */
  readonly keys: string;
  /** What analyzers said last of the labels that the flow has rules for; absent: nothing yet. */
  readonly labels?: Readonly<Record<string, { readonly value: string; readonly score: number }>>;
  /** Set when the dialog is over. */
  readonly outcome?: string;
};

/** What the flow made of the last answer: an intent's name, or `digits`, or `free`. */
export type Understood = { readonly intent: string; /** 0 to 1. */ readonly confidence: number };

/** One pure step of the dialog. */
export type DialogStep = {
  readonly snapshot: DialogSnapshot;
  readonly effects: readonly DialogEffect[];
  readonly state: string;
  /** Absent after silence, hang-up and answers that were not understood. */
  readonly understood?: Understood;
};

/** What became of what a dialog said before it was interrupted. All false by default. */
export type ResumeOptions = {
  /** What the state says was not heard, or not to its end: it is said again first. */
  readonly isRepeated?: boolean;
  /** The whole call was lost and taken over: the state's `onResume` applies. */
  readonly isTakenOver?: boolean;
  /** Something of ours sounds on. */
  readonly isSounding?: boolean;
};

/** When a greeting is a person's and when a machine's; what is left out has its default. */
export type AnsweringParameters = {
  readonly [name in keyof typeof answeringLimits]?: number;
};

/** How a flow wants its calls to be heard; what it does not say, the configuration does. */
export type FlowHearing = {
  readonly suppressesNoise?: boolean;
  readonly normalisesLevel?: boolean;
  /** The language tag to recognise, where it is not that of the flow, e.g. `yue`. */
  readonly dialect?: string;
};

/** When a turn ends and what interrupts us, as far as the flow says; else the defaults. */
export type TurnParameters = { readonly [name in keyof typeof turnLimits]?: number };

/** A checked flow, ready to run. Immutable: calls share it. */
export type CompiledFlow = {
  readonly id: string;
  /** Content hash of the source: 16 hex digits. */
  readonly version: string;
  readonly language: string;
  readonly voice: string;
  /** Every text without variables, to be rendered before the first call. No duplicates. */
  readonly fixedPrompts: readonly string[];
  /** Whether the flow says what becomes of answering machines: then who answers is found out. */
  readonly detectsMachines: boolean;
  /** What decides that, where the flow says it; see `docs/flows.md`. */
  readonly answering: AnsweringParameters;
  /** Ids of flows that say the same in other languages, by language tag. */
  readonly languages: Readonly<Record<string, string>>;
  readonly hearing: FlowHearing;
  /** When turns end; see `docs/turn-taking.md`. */
  readonly turns: TurnParameters;
  /** Analyzers that listen to its calls, by name. */
  readonly analyzers: readonly string[];
  /** Labels that its states have rules for: of others it need not be told. */
  readonly labels: readonly string[];
  /** The last sentence of a call that the engine has to end by itself: rendered ahead, too. */
  readonly offline: string;
  /** The declared variables; `isRequired`: `start` must be given a value. */
  readonly variables: readonly FlowVariable[];
  /** Every outcome a call can have, also the built-in `hangup` and `maxTurns`. */
  readonly outcomes: readonly string[];
  /**
   * Begins a dialog.
   *
   * @throws {FlowVariablesError} `FLOW_VARIABLES`: missing, unknown, empty or oversized values
   */
  start(variables: Readonly<Record<string, string>>): DialogStep;
  /**
   * Takes one event. Pure. After the end nothing has an effect any more.
   *
   * @throws {SnapshotError} when the snapshot is not one of this flow version
   */
  step(snapshot: DialogSnapshot, event: DialogEvent): DialogStep;
  /**
   * Takes up a dialog from stored data, without an event: listens again where it was (or ends, if
   * it was over), as `options` say.
   *
   * @throws {SnapshotError} `SNAPSHOT_CORRUPT`, `SNAPSHOT_NEWER` or `SNAPSHOT_FOREIGN`
   */
  resume(data: unknown, options?: ResumeOptions): DialogStep;
  /**
   * Takes a dialog over from a flow in another language: in the state of the same name, which says
   * its texts, or at the start. Variables that this flow does not declare are left behind.
   */
  continueFrom(other: DialogSnapshot): DialogStep;
  /** What every asking state expects, so that recognisers prepare their grammars ahead. */
  allExpectations(): readonly Expectation[];
};

export type FlowVariable = {
  readonly name: string;
  /** Shown to people, and used by `voxtree flow talk`. */
  readonly example: string;
  readonly isRequired: boolean;
};
