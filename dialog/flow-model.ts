/** A flow after all checks: nothing optional is left open, names are known to exist. */
import type {
  AnsweringParameters,
  Expectation,
  FlowHearing,
  TurnParameters,
} from "./dialog-types.js";
import type { PhraseMatcher } from "./nlu/phrase-matcher.js";
import type { SpokenValueKind } from "./nlu/spoken-values.js";
import type { SpeakAs, Template } from "./template.js";

export type Flow = {
  readonly id: string;
  readonly language: string;
  readonly voice: string;
  readonly start: string;
  readonly maxTurns: number;
  /** Where a dialog goes that has had `maxTurns`; without it, it just ends. */
  readonly afterMaxTurns?: string;
  /** Where a dialog goes once a machine that answered records; without it none is looked for. */
  readonly answeringMachine?: string;
  readonly answering: AnsweringParameters;
  readonly turns: TurnParameters;
  /** Said when the engine has to end a call by itself; without variables. */
  readonly offline: string;
  /** Ids of flows that say the same in other languages, by language tag. */
  readonly languages: Readonly<Record<string, string>>;
  readonly hearing: FlowHearing;
  /** Analyzers that listen. */
  readonly analyzers: readonly string[];
  readonly variables: ReadonlyMap<string, Variable>;
  readonly states: ReadonlyMap<string, FlowState>;
};

export type Variable = {
  readonly name: string;
  readonly example: string;
  readonly defaultValue?: string;
  readonly speakAs: SpeakAs;
  /** Has to be given at the start: has no default, and no state stores it. */
  readonly isRequired: boolean;
};

export type FlowState = AskState | PassState | EndState;

/** Says something, waits for an answer. */
export type AskState = {
  readonly kind: "ask";
  readonly name: string;
  readonly say: readonly Template[];
  readonly isInterruptible: boolean;
  readonly intents: readonly Intent[];
  readonly digits?: DigitsEntry;
  readonly free?: { readonly store?: string; readonly as?: SpokenValueKind };
  /** Next state by intent, `digits`, `free`: complete. */
  readonly next: ReadonlyMap<string, string>;
  readonly silence: Retry & { readonly afterMs: number };
  readonly noMatch: Retry;
  readonly onResume: Resume;
  readonly onLabel: readonly LabelRule[];
  readonly expectation: Expectation;
  readonly matcher: PhraseMatcher;
};

/** Where a state goes because an analyzer has said something of the callee. */
export type LabelRule = {
  readonly label: string;
  /** Any of these values. */
  readonly is: readonly string[];
  readonly atLeast: number;
  /** Instead of where this intent (or `digits`, `free`) leads; absent: as soon as it comes. */
  readonly intent?: string;
  readonly then: string;
};

/** What a state does when its call was lost and taken over, and the caller may have noticed. */
export type Resume = {
  /** Said first; may be empty. */
  readonly say: readonly Template[];
  /** Says the state's own texts again. */
  readonly isRepeated: boolean;
  /** Goes there instead of listening on. */
  readonly then?: string;
};

/** Says something, goes on. */
export type PassState = {
  readonly kind: "pass";
  readonly name: string;
  readonly say: readonly Template[];
  readonly isInterruptible: boolean;
  readonly next: string;
};

/** Says something (or nothing), hangs up. */
export type EndState = {
  readonly kind: "end";
  readonly name: string;
  readonly say: readonly Template[];
  readonly isInterruptible: boolean;
  readonly outcome: string;
};

export type Intent = {
  readonly name: string;
  readonly phrases: readonly string[];
  readonly keypad: readonly string[];
  /** Variables that the answer sets, with their values. */
  readonly set: Readonly<Record<string, string>>;
};

export type DigitsEntry = {
  readonly min: number;
  readonly max: number;
  readonly store?: string;
  readonly interDigitMs: number;
};

/** Up to `max` re-prompts, each one text of `say` (the last one again), then the state `then`. */
export type Retry = {
  /** Empty: the state's own texts are said again. */
  readonly say: readonly Template[];
  readonly max: number;
  readonly then: string;
};
