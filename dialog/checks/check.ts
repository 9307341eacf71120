/** What every check of a flow gets, and the ways through a flow that several of them follow. */
import type { FlowPath, MistakeKind } from "../flow-errors.js";
import type { FlowDraft, LabelRuleDraft, StateDraft } from "../flow-schema.js";

export type Check = {
  readonly draft: FlowDraft;
  readonly stateNames: ReadonlySet<string>;
  readonly isLeftOut: (path: FlowPath) => boolean;
  /** Adds a mistake at the value of `path`, or at its key: for what is missing beneath it. */
  readonly report: (
    kind: MistakeKind,
    path: FlowPath,
    message: string,
    at?: "key" | "value",
  ) => void;
};

/** What may stand under `on` beside the names of intents. */
export const reservedIntents = ["digits", "free", "otherwise"] as const;

/** One way from a state to another, and where it is written. */
export type Edge = {
  readonly from: string;
  readonly to: string;
  readonly path: FlowPath;
  /** Variables that certainly have a value after it. */
  readonly sets: readonly string[];
};

export type StateEntry = readonly [name: string, state: StateDraft];

/** The well-formed states, in the order of the file. */
export function statesOf({ draft }: Check): StateEntry[] {
  return Object.entries(draft.states ?? {});
}

/** `ask` expects an answer, `pass` goes on by itself, `end` hangs up; undefined: none of them. */
export function kindOf(state: StateDraft): "ask" | "pass" | "end" | undefined {
  if (state.end !== undefined) return "end";
  if (state.expect !== undefined) return "ask";
  return state.then === undefined ? undefined : "pass";
}

/** Where a state goes when silence or wrong answers have used up their re-prompts. */
export function retryTarget(
  draft: FlowDraft,
  [name, state]: StateEntry,
  key: "silence" | "noMatch",
): Edge | undefined {
  const candidates: (readonly [to: string | undefined, path: FlowPath])[] = [
    [state[key]?.then, ["states", name, key, "then"]],
    [draft.defaults?.[key]?.then, ["defaults", key, "then"]],
    [state.on?.["otherwise"], ["states", name, "on", "otherwise"]],
  ];
  for (const [to, path] of candidates) {
    if (to !== undefined) return { from: name, to, path, sets: [] };
  }
  return undefined;
}

/** Where a state goes when its call was taken over; undefined where it stays. */
export function resumeTarget(draft: FlowDraft, [name, state]: StateEntry): Edge | undefined {
  const own = state.onResume;
  const to = (own ?? draft.defaults?.onResume)?.then;
  if (to === undefined) return undefined;
  const place = own === undefined ? ["defaults"] : ["states", name];
  return { from: name, to, path: [...place, "onResume", "then"], sets: [] };
}

/** The rules of a state on labels: its own, or those of all that do not lead to itself. */
export function labelRules(draft: FlowDraft, [name, state]: StateEntry): LabelRuleDraft[] {
  if (state.onLabel !== undefined) return state.onLabel;
  return (draft.defaults?.onLabel ?? []).filter(({ then }) => then !== name);
}

/** Where labels lead. */
export function labelEdges(draft: FlowDraft, entry: StateEntry): Edge[] {
  const [from, state] = entry;
  const place = state.onLabel === undefined ? ["defaults"] : ["states", from];
  const written = state.onLabel ?? draft.defaults?.onLabel ?? [];
  const rules = labelRules(draft, entry);
  return written.flatMap((rule, index) =>
    rule.then === undefined || !rules.includes(rule)
      ? []
      : [{ from, to: rule.then, path: [...place, "onLabel", index, "then"], sets: [] }],
  );
}

/** All ways out of a state. */
export function edgesOf(draft: FlowDraft, entry: StateEntry): Edge[] {
  const [from, state] = entry;
  const then: Edge[] =
    state.then === undefined
      ? []
      : [{ from, to: state.then, path: ["states", from, "then"], sets: [] }];
  const on = Object.entries(state.on ?? {}).map(([intent, to]) => ({
    from,
    to,
    path: ["states", from, "on", intent],
    sets: setBy(state, intent),
  }));
  if (kindOf(state) !== "ask") return [...then, ...on];
  const others = [
    retryTarget(draft, entry, "silence"),
    retryTarget(draft, entry, "noMatch"),
    resumeTarget(draft, entry),
  ];
  const labels = labelEdges(draft, entry);
  return [...then, ...on, ...labels, ...others.filter((edge) => edge !== undefined)];
}

function setBy({ expect }: StateDraft, intent: string): string[] {
  if (intent === "digits") return expect?.digits?.store === undefined ? [] : [expect.digits.store];
  if (intent === "free") return expect?.free?.store === undefined ? [] : [expect.free.store];
  return Object.keys(expect?.intents?.[intent]?.set ?? {});
}
