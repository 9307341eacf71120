/**
 * What a simulated callee does in one call, as plain data: made of YAML by `script-source.ts`, sent
 * to the callee's process as it is.
 */

/** How the callee's phone reacts to ringing. */
export type CalleeAnswer =
  | { readonly kind: "answer"; readonly afterMs: number }
  | { readonly kind: "busy" }
  | { readonly kind: "reject" }
  | { readonly kind: "noAnswer" };

/** A piece of an utterance: words, or silence between words. */
export type SpeechPart = { readonly text: string } | { readonly pauseMs: number };

/** What the callee does when it is its turn. `nothing` only listens on. */
export type CalleeAction =
  | { readonly kind: "say"; readonly parts: readonly SpeechPart[] }
  | { readonly kind: "press"; readonly digits: string }
  | { readonly kind: "nothing" }
  | { readonly kind: "hangup" };

/** One exchange: a prompt of the agent, and what the callee does about it. */
export type CalleeTurn = {
  /** The whole prompt, as it is expected to be heard; absent: whatever comes next. */
  readonly hear?: string;
  /** Prompts that ask for the same answer once more: the action is then repeated. */
  readonly again: readonly string[];
  /** Acts this long after the prompt began to sound instead of after its end. */
  readonly interruptAfterMs?: number;
  /** From the detected end of the prompt to the action. */
  readonly delayMs: number;
  readonly action: CalleeAction;
};

/** The callee's voices; the agent of the shipped flows speaks as `slt`. */
export const CALLEE_VOICES = ["rms", "awb", "kal", "slt"] as const;
export type CalleeVoice = (typeof CALLEE_VOICES)[number];

/** `native`: native v1 with 16 kHz L16. `twilio`: Twilio Media Streams with 8 kHz μ-law. */
export const CALLEE_PROTOCOLS = ["native", "twilio"] as const;
export type CalleeProtocol = (typeof CALLEE_PROTOCOLS)[number];

/** A checked script. JSON-safe. */
export type CalleeScript = {
  /** What the loopback trunk dials. */
  readonly id: string;
  readonly description: string;
  /** Id of the flow that it answers. */
  readonly flow: string;
  /** The flow's variables with which the prompts of this script were written. */
  readonly variables: Readonly<Record<string, string>>;
  readonly protocol: CalleeProtocol;
  readonly voice: CalleeVoice;
  readonly answer: CalleeAnswer;
  /** Outcome of the call: the flow's, or the trunk's where nobody answers. */
  readonly expectOutcome: string;
  readonly turns: readonly CalleeTurn[];
  /** Played instead of `turns` where no speech recogniser is at hand. */
  readonly keypadOnly: readonly CalleeTurn[];
  /** Further prompts of the flow that may be heard. */
  readonly alsoHeard: readonly string[];
};

/** The texts a callee says in a list of turns, each once. */
export function spokenTexts(turns: readonly CalleeTurn[]): string[] {
  const texts = turns.flatMap(({ action }) =>
    action.kind === "say"
      ? action.parts.flatMap((part) => ("text" in part ? [part.text] : []))
      : [],
  );
  return [...new Set(texts)];
}

/** Every prompt that a script knows, each once. */
export function knownPrompts(script: CalleeScript): string[] {
  const ofTurns = script.turns.flatMap(({ hear, again }) => [
    ...(hear === undefined ? [] : [hear]),
    ...again,
  ]);
  return [...new Set([...ofTurns, ...script.alsoHeard])];
}
