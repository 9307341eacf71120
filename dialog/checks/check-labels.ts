/** Checks the rules on labels: complete, about answers there are, with somebody to make them. */
import { suggestion } from "../../config/suggestion.js";
import type { FlowPath } from "../flow-errors.js";
import type { LabelRuleDraft, StateDraft } from "../flow-schema.js";
import { statesOf, type Check } from "./check.js";

export function checkLabels(check: Check): void {
  const { draft, report } = check;
  checkRules(check, draft.defaults?.onLabel, ["defaults", "onLabel"], undefined);
  for (const [name, state] of statesOf(check)) {
    const path = ["states", name, "onLabel"];
    if (state.onLabel !== undefined && state.expect === undefined) {
      report("intent", path, "means something only where the state expects an answer", "key");
    }
    checkRules(check, state.onLabel, path, state);
  }
}

function checkRules(
  { draft, report, isLeftOut }: Check,
  rules: readonly LabelRuleDraft[] | undefined,
  path: FlowPath,
  state: StateDraft | undefined,
): void {
  if (rules === undefined || isLeftOut(path)) return;
  if (draft.analyzers === undefined && !isLeftOut(["analyzers"])) {
    report("intent", path, "there are no labels without analyzers: name some at the top", "key");
  }
  for (const [index, rule] of rules.entries()) {
    for (const key of ["label", "is", "then"] as const) {
      if (rule[key] === undefined) report("intent", [...path, index], `needs ${key}`);
    }
    checkIntent(report, rule, [...path, index, "intent"], state);
  }
}

function checkIntent(
  report: Check["report"],
  { intent }: LabelRuleDraft,
  path: FlowPath,
  state: StateDraft | undefined,
): void {
  if (intent === undefined) return;
  // Of all states: where none has it, the rule just never applies.
  if (state === undefined) return;
  const { intents = {}, digits, free } = state.expect ?? {};
  const known = new Set([
    ...Object.keys(intents),
    ...(digits === undefined ? [] : ["digits"]),
    ...(free === undefined ? [] : ["free"]),
  ]);
  if (known.has(intent)) return;
  report("intent", path, `this state does not expect "${intent}"${suggestion(intent, known)}`);
}
