/**
 * Flow file → `CompiledFlow`: read, checked, and compiled to a state machine that many calls share.
 * All mistakes of the file come in one `FlowError`, in the order in which they stand there.
 */
import { createHash } from "node:crypto";
import { initialTransition, type AnyStateMachine } from "xstate";
import { assert } from "../base/assert.js";
import { checkAnswers } from "./checks/check-answers.js";
import { checkGraph } from "./checks/check-graph.js";
import { checkLabels } from "./checks/check-labels.js";
import { checkParts } from "./checks/check-parts.js";
import { checkVariables } from "./checks/check-variables.js";
import type {
  CompiledFlow,
  DialogEffect,
  DialogEvent,
  DialogSnapshot,
  DialogStep,
  Expectation,
  ResumeOptions,
} from "./dialog-types.js";
import { buildFlow } from "./flow-builder.js";
import { readFlowDraft } from "./flow-draft.js";
import { FlowError, type Mistake } from "./flow-errors.js";
import { begin, createFlowMachine, effectsOf, listenEffect, sayEffect } from "./flow-machine.js";
import type { MachineContext } from "./flow-machine.js";
import type { Flow, FlowState, Resume } from "./flow-model.js";
import { readFlowSource } from "./flow-source.js";
import { interpret, type MachineEvent } from "./interpreter.js";
import { pureTransitions, type PureTransition } from "./pure-transitions.js";
import { builtInStates, readSnapshot, snapshotForm } from "./snapshot.js";
import { carriedVariables, startVariables } from "./start-variables.js";
import type { Template } from "./template.js";

/**
 * Compiles the text of a flow file.
 *
 * @param options.fileName as error messages show it
 * @throws {FlowError} `FLOW_INVALID` with every mistake in `mistakes` and `detail.mistakes`
 */
export function compileFlow(source: string, options: { readonly fileName: string }): CompiledFlow {
  const flow = readFlow(source, options.fileName);
  // Line ends differ between checkouts of one file; its version does not.
  const hash = createHash("sha256").update(source.replaceAll("\r\n", "\n"));
  return new MachineFlow(flow, hash.digest("hex").slice(0, 16));
}

function readFlow(text: string, fileName: string): Flow {
  const source = readFlowSource(text);
  if (source.value === undefined) throw new FlowError(fileName, source.mistakes);
  const { draft, mistakes: shapeMistakes, stateNames, isLeftOut } = readFlowDraft(source);
  const mistakes: Mistake[] = [...source.mistakes, ...shapeMistakes];
  const check = {
    draft,
    stateNames,
    isLeftOut,
    report: (...mistake: Parameters<typeof source.mistake>) => {
      mistakes.push(source.mistake(...mistake));
    },
  };
  checkParts(check);
  checkAnswers(check);
  checkLabels(check);
  checkVariables(check);
  checkGraph(check);
  if (mistakes.length > 0) throw new FlowError(fileName, inFileOrder(mistakes));
  return buildFlow(draft);
}

function inFileOrder(mistakes: readonly Mistake[]): Mistake[] {
  return [...mistakes].sort((one, other) => one.line - other.line || one.column - other.column);
}

class MachineFlow implements CompiledFlow {
  readonly id: string;
  readonly version: string;
  readonly language: string;
  readonly voice: string;
  readonly fixedPrompts: readonly string[];
  readonly offline: string;
  readonly detectsMachines: boolean;
  readonly answering: CompiledFlow["answering"];
  readonly languages: CompiledFlow["languages"];
  readonly hearing: CompiledFlow["hearing"];
  readonly turns: CompiledFlow["turns"];
  readonly analyzers: readonly string[];
  readonly labels: readonly string[];
  readonly variables: CompiledFlow["variables"];
  readonly outcomes: readonly string[];
  readonly #flow: Flow;
  readonly #machine: AnyStateMachine;
  readonly #next: PureTransition;
  /** Snapshots that were made here: they need no check. */
  readonly #made = new WeakSet<object>();
  readonly #expectations: readonly Expectation[];

  constructor(flow: Flow, version: string) {
    this.id = flow.id;
    this.version = version;
    this.language = flow.language;
    this.voice = flow.voice;
    this.fixedPrompts = fixedPromptsOf(flow);
    this.offline = flow.offline;
    this.detectsMachines = flow.answeringMachine !== undefined;
    this.answering = flow.answering;
    this.languages = flow.languages;
    this.hearing = flow.hearing;
    this.turns = flow.turns;
    this.analyzers = flow.analyzers;
    this.labels = labelsOf(flow);
    this.variables = [...flow.variables.values()].map(({ name, example, isRequired }) => {
      return { name, example, isRequired };
    });
    this.outcomes = outcomesOf(flow);
    this.#flow = flow;
    this.#machine = createFlowMachine(flow);
    this.#next = pureTransitions(this.#machine);
    const asks = [...flow.states.values()].filter((state) => state.kind === "ask");
    this.#expectations = asks.map(({ expectation }) => expectation);
  }

  start(variables: Readonly<Record<string, string>>): DialogStep {
    return this.#begin({ variables: startVariables(this.#flow, variables), turns: 0 });
  }

  continueFrom({ state: name, variables: all, turns }: DialogSnapshot): DialogStep {
    const variables = carriedVariables(this.#flow, all);
    const state = this.#flow.states.get(name);
    if (state?.kind !== "ask") return this.#begin({ variables, turns });
    const { id, version } = this;
    const place = { form: snapshotForm, flow: id, version, state: name };
    const snapshot = { ...place, variables, turns, silences: 0, noMatches: 0, keys: "" };
    const effects = [...this.#says(state, state.say, snapshot), listenEffect(state, "")];
    return { snapshot, effects, state: name };
  }

  #begin(known: Pick<MachineContext, "variables" | "turns">): DialogStep {
    const input: MachineContext = { ...known, silences: 0, noMatches: 0, keys: "" };
    const [next, actions] = initialTransition(this.#machine, input);
    return this.#stepOf(next, effectsOf(actions));
  }

  step(data: DialogSnapshot, event: DialogEvent): DialogStep {
    const isOurs = this.#made.has(data);
    const snapshot = isOurs ? data : readSnapshot(this.#flow, this.version, data);
    const state = this.#flow.states.get(snapshot.state);
    // A flow whose first state asks nothing stands at its end already, with nothing said yet.
    if (event.kind === "machine" && this.detectsMachines && state?.kind === "end") {
      const { outcome: _outcome, ...rest } = snapshot;
      return this.#transition({ ...rest, state: begin }, { type: "machine" });
    }
    if (state?.kind !== "ask") return { snapshot, effects: [], state: snapshot.state };
    const { event: meant, understood } = interpret(state, snapshot.keys, event);
    const step = this.#transition(snapshot, meant);
    return { ...step, ...(understood === undefined ? {} : { understood }) };
  }

  resume(data: unknown, options: ResumeOptions = {}): DialogStep {
    const stored = readSnapshot(this.#flow, this.version, data);
    const state = this.#flow.states.get(stored.state);
    const plan = resumePlan(state, options);
    const bridge = this.#says(state, plan.say, stored);
    if (plan.then !== undefined) {
      const step = this.#transition(stored, { type: "resume" });
      return { ...step, effects: [...bridge, ...step.effects] };
    }
    // Who is asked again from the beginning answers from the beginning.
    const snapshot = plan.isAskedAnew ? { ...stored, keys: "" } : stored;
    const says = [...bridge, ...(plan.isRepeated ? this.#says(state, state?.say, stored) : [])];
    const { outcome } = snapshot;
    const last: DialogEffect[] =
      state?.kind === "ask"
        ? [listenEffect(state, snapshot.keys)]
        : outcome === undefined
          ? []
          : [{ kind: "end", outcome }];
    return { snapshot, effects: [...says, ...last], state: snapshot.state };
  }

  allExpectations(): readonly Expectation[] {
    return this.#expectations;
  }

  #says(
    state: FlowState | undefined,
    texts: readonly Template[] = [],
    { variables }: DialogSnapshot,
  ): DialogEffect[] {
    const isInterruptible = state?.isInterruptible ?? false;
    return texts.map((text) => sayEffect(this.#flow, text, isInterruptible, variables));
  }

  #transition(snapshot: DialogSnapshot, event: MachineEvent): DialogStep {
    const { form: _form, flow: _flow, version: _version, state: value, ...context } = snapshot;
    const restored = this.#machine.resolveState({ value, context });
    const [next, actions] = this.#next(restored, event);
    return this.#stepOf(next, effectsOf(actions));
  }

  #stepOf(next: { value: unknown; context: unknown }, effects: DialogEffect[]): DialogStep {
    const state = next.value;
    assert(typeof state === "string", "the machine is flat");
    const context = next.context as MachineContext;
    const { id, version } = this;
    const snapshot = { form: snapshotForm, flow: id, version, state, ...context };
    this.#made.add(snapshot);
    return { snapshot, effects, state };
  }
}

type ResumePlan = Resume & { readonly isAskedAnew: boolean };

/** What a dialog does that is taken up again in `state`. */
function resumePlan(state: FlowState | undefined, options: ResumeOptions): ResumePlan {
  const { isRepeated = false, isTakenOver = false, isSounding = false } = options;
  const listenOn = { say: [], isRepeated, isAskedAnew: false };
  if (!isTakenOver || state?.kind !== "ask") return listenOn;
  const { onResume } = state;
  if (onResume.then !== undefined) return { ...onResume, isAskedAnew: false };
  // What we say sounds on through the loss: there is nothing to make good.
  if (isSounding && !isRepeated) return listenOn;
  const isAskedAnew = onResume.isRepeated;
  return { say: onResume.say, isRepeated: isRepeated || isAskedAnew, isAskedAnew };
}

function fixedPromptsOf(flow: Flow): string[] {
  const templates = [...flow.states.values()].flatMap((state) =>
    state.kind === "ask"
      ? [...state.say, ...state.silence.say, ...state.noMatch.say, ...state.onResume.say]
      : state.say,
  );
  const effects = templates
    .filter(({ isFixed }) => isFixed)
    .map((template) => sayEffect(flow, template, true, {}));
  return [
    ...new Set(
      effects.flatMap((effect) => (effect.kind === "say" && effect.isFixed ? [effect.text] : [])),
    ),
  ];
}

/** Labels that some state has a rule for. */
function labelsOf(flow: Flow): string[] {
  const rules = [...flow.states.values()].flatMap((state) =>
    state.kind === "ask" ? state.onLabel : [],
  );
  return [...new Set(rules.map(({ label }) => label))];
}

function outcomesOf(flow: Flow): string[] {
  const ends = [...flow.states.values()].flatMap((state) =>
    state.kind === "end" ? [state.outcome] : [],
  );
  return [...new Set([...ends, ...Object.keys(builtInStates)])];
}
