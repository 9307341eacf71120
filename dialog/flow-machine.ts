/**
 * Flow → one xstate machine. Only xstate's pure functions ever run it: no actor is started, no
 * timer armed. What it wants done comes back as actions of type `effect`, whose params are the
 * dialog effects themselves; waiting is the caller's business (`listen.silenceMs`).
 */
import { hasMark } from "../codecs/ssml/ssml.js";
import { assign, createMachine, type AnyStateMachine } from "xstate";
import type { DialogEffect, DialogSnapshot } from "./dialog-types.js";
import type { AskState, Flow, FlowState, LabelRule, Retry } from "./flow-model.js";
import type { MachineEvent } from "./interpreter.js";
import { builtInStates } from "./snapshot.js";
import { fillTemplate, speakValue, type Template } from "./template.js";

/** What the machine remembers beside its state; the same fields as in `DialogSnapshot`. */
export type MachineContext = {
  readonly variables: Readonly<Record<string, string>>;
  readonly turns: number;
  readonly silences: number;
  readonly noMatches: number;
  readonly keys: string;
  readonly labels?: NonNullable<DialogSnapshot["labels"]>;
  readonly outcome?: string;
};

/** What xstate hands to guards and actions. */
type Given = { readonly context: MachineContext; readonly event: MachineEvent };

type Action = ReturnType<typeof change> | EffectAction;
type EffectAction = { type: "effect"; params: (given: Given) => DialogEffect };
type Transition = {
  guard?: (given: Given) => boolean;
  target?: string;
  reenter?: boolean;
  actions?: Action[];
};
type StateNode = {
  type?: "final";
  entry?: Action[];
  always?: { target: string; guard?: (given: Given) => boolean };
  on?: Record<string, Transition[]>;
};

/**
 * Where the machine stands before it has its context. Each pure transition of xstate 5.33 first
 * computes an initial snapshot without input, for an actor that it constructs as its scope and
 * never starts. That one rests here, instead of entering the first state in vain (half the time).
 */
export const begin = "$begin";
const withoutInput: MachineContext = {
  variables: {},
  turns: -1,
  silences: 0,
  noMatches: 0,
  keys: "",
};

/** Builds the machine of `flow`. About 2 kB a state: once per flow version, shared by its calls. */
export function createFlowMachine(flow: Flow): AnyStateMachine {
  const states: Record<string, StateNode> = {};
  for (const state of flow.states.values()) states[state.name] = stateNode(flow, state);
  states[begin] = {
    always: { guard: ({ context }) => context.turns >= 0, target: flow.start },
  };
  states[builtInStates.hangup] = endNode("hangup", []);
  states[builtInStates.maxTurns] = endNode("maxTurns", []);
  // Built at run time, so xstate cannot infer it: `StateNode` above is what we hold ourselves to.
  return createMachine({
    id: "flow",
    context: ({ input }: { input: unknown }) =>
      (input as MachineContext | undefined) ?? withoutInput,
    initial: begin,
    states,
    on: {
      hangup: { target: `.${builtInStates.hangup}` },
      ...(flow.answeringMachine === undefined
        ? {}
        : { machine: { target: `.${flow.answeringMachine}` } }),
    },
  } as unknown as Parameters<typeof createMachine>[0]) as AnyStateMachine;
}

/** The dialog effects among the actions that a pure transition returned. */
export function effectsOf(actions: readonly { type: string; params?: unknown }[]): DialogEffect[] {
  return actions
    .filter((action) => action.type === "effect")
    .map((action) => action.params as DialogEffect);
}

/** The effects of entering an asking state, or of repeating it. */
export function listenEffect(state: AskState, keys: string): DialogEffect {
  const isEntering = keys !== "" && state.digits !== undefined;
  const silenceMs = isEntering ? state.digits.interDigitMs : state.silence.afterMs;
  return { kind: "listen", expectation: state.expectation, silenceMs };
}

/** One text as it is spoken with `variables`. */
export function sayEffect(
  flow: Flow,
  template: Template,
  isInterruptible: boolean,
  variables: Readonly<Record<string, string>>,
): DialogEffect {
  const text = fillTemplate(template, (name) =>
    speakValue(variables[name] ?? "", flow.variables.get(name)?.speakAs ?? "text"),
  );
  // When a mark is heard is known of speech that is made in the call, not of a prompt.
  const isFixed = template.isFixed && !hasMark(text);
  return { kind: "say", text, isFixed, isInterruptible };
}

function stateNode(flow: Flow, state: FlowState): StateNode {
  const says = sayActions(flow, state, state.say);
  if (state.kind === "end") return endNode(state.outcome, says);
  if (state.kind === "pass") return { entry: says, always: { target: state.next } };
  return {
    entry: [change(() => ({ silences: 0, noMatches: 0, keys: "" })), ...says, listen(state)],
    on: answers(flow, state),
  };
}

function endNode(outcome: string, says: readonly Action[]): StateNode {
  const end: EffectAction = { type: "effect", params: () => ({ kind: "end", outcome }) };
  return { type: "final", entry: [change(() => ({ keys: "", outcome })), ...says, end] };
}

/** What an asking state does with each kind of answer. */
function answers(flow: Flow, state: AskState): Record<string, Transition[]> {
  return {
    intent: counted(
      flow,
      state.intents.flatMap((intent): Transition[] => [
        ...guarded(state, intent.name),
        {
          guard: ({ event }) => event.type === "intent" && event.intent === intent.name,
          target: state.next.get(intent.name) ?? "",
          reenter: true,
          actions: [
            change(({ context }) => ({ variables: { ...context.variables, ...intent.set } })),
          ],
        },
      ]),
    ),
    digits: counted(flow, [
      ...guarded(state, "digits"),
      ...stored(state, "digits", state.digits?.store),
    ]),
    free: counted(flow, [...guarded(state, "free"), ...stored(state, "free", state.free?.store)]),
    label: labelled(flow, state),
    noMatch: counted(flow, retried(flow, state, "noMatches", state.noMatch)),
    silence: counted(flow, retried(flow, state, "silences", state.silence)),
    resume:
      state.onResume.then === undefined ? [] : [{ target: state.onResume.then, reenter: true }],
    ignored: counted(flow, [{ actions: [listen(state)] }]),
    keys: [
      // Clearing could go on for ever, so it counts; adding ends at the entry's greatest length.
      ...counted(flow, [{ actions: [setKeys(), listen(state)] }]).map((transition) => ({
        ...transition,
        guard: (given: Given) => isClearing(given) && (transition.guard?.(given) ?? true),
      })),
      { actions: [setKeys(), listen(state)] },
    ],
  };
}

/** Where an intent leads instead, as long as a label says so. */
function guarded(state: AskState, intent: string): Transition[] {
  return state.onLabel
    .filter((rule) => rule.intent === intent)
    .map((rule) => ({
      guard: ({ context, event }) => {
        const isMeant = event.type !== "intent" || event.intent === intent;
        return isMeant && applies(rule, rule.label, context.labels?.[rule.label]);
      },
      target: rule.then,
      reenter: true,
    }));
}

/** What a label does when it comes: the first rule that fits, or it is only kept. */
function labelled(flow: Flow, state: AskState): Transition[] {
  const put = change(({ context, event }) => {
    if (event.type !== "label") return {};
    const { name, value, score } = event;
    return { labels: { ...context.labels, [name]: { value, score } } };
  });
  const rules = state.onLabel.filter(({ intent }) => intent === undefined);
  const ways = rules.flatMap((rule) =>
    counted(flow, [{ target: rule.then, reenter: true, actions: [put] }]).map((way) => ({
      ...way,
      guard: (given: Given): boolean =>
        given.event.type === "label" &&
        applies(rule, given.event.name, given.event) &&
        (way.guard?.(given) ?? true),
    })),
  );
  return [...ways, { actions: [put] }];
}

function applies(
  rule: LabelRule,
  name: string,
  label: { readonly value: string; readonly score: number } | undefined,
): boolean {
  if (label === undefined || rule.label !== name) return false;
  return rule.is.includes(label.value) && label.score >= rule.atLeast;
}

/** Every transition takes a turn; when none is left, the dialog goes where it has to end. */
function counted(flow: Flow, transitions: readonly Transition[]): Transition[] {
  const cutOff: Transition = {
    guard: ({ context }) => context.turns >= flow.maxTurns,
    target: flow.afterMaxTurns ?? builtInStates.maxTurns,
  };
  const count = change(({ context }) => ({ turns: context.turns + 1 }));
  return [
    cutOff,
    ...transitions.map((transition) => ({
      ...transition,
      actions: [count, ...(transition.actions ?? [])],
    })),
  ];
}

function stored(state: AskState, key: "digits" | "free", store: string | undefined): Transition[] {
  const target = state.next.get(key);
  if (target === undefined) return [];
  const put = change(({ context, event }) => {
    const value = event.type === "digits" ? event.digits : event.type === "free" ? event.text : "";
    return store === undefined ? {} : { variables: { ...context.variables, [store]: value } };
  });
  return [{ target, reenter: true, actions: [put] }];
}

/** One transition per re-prompt, in order, then the one that gives up. */
function retried(
  flow: Flow,
  state: AskState,
  counter: "silences" | "noMatches",
  retry: Retry,
): Transition[] {
  const again = change(({ context }) => ({ [counter]: context[counter] + 1, keys: "" }));
  const prompts = Array.from({ length: retry.max }, (_, index): Transition => {
    const prompt = retry.say[Math.min(index, retry.say.length - 1)];
    const says = sayActions(flow, state, prompt === undefined ? state.say : [prompt]);
    return {
      guard: ({ context }) => context[counter] === index,
      actions: [again, ...says, listen(state)],
    };
  });
  return [...prompts, { target: retry.then, reenter: true }];
}

function sayActions(flow: Flow, state: FlowState, say: readonly Template[]): Action[] {
  return say.map((template) => ({
    type: "effect",
    params: ({ context }) => sayEffect(flow, template, state.isInterruptible, context.variables),
  }));
}

function listen(state: AskState): EffectAction {
  return { type: "effect", params: ({ context }) => listenEffect(state, context.keys) };
}

function setKeys(): Action {
  return change(({ event }) => ({ keys: event.type === "keys" ? event.keys : "" }));
}

function isClearing({ event }: Given): boolean {
  return event.type === "keys" && event.keys === "";
}

function change(update: (given: Given) => Partial<MachineContext>) {
  return assign<MachineContext, MachineEvent, undefined, MachineEvent, never>(update);
}
