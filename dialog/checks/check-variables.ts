/** Checks variables: declared, well written in texts, and certain to have a value when spoken. */
import type { FlowPath } from "../flow-errors.js";
import { cleanValue, parseTemplate, templateProblem, variablesOf } from "../template.js";
import { isSpeakable } from "../nlu/normalise.js";
import { suggestion } from "../../config/suggestion.js";
import { edgesOf, statesOf, type Check } from "./check.js";
import { saysOf } from "./check-parts.js";

/** Reports wrong templates, undeclared variables, and variables spoken before they have a value. */
export function checkVariables(check: Check): void {
  checkDeclarations(check);
  checkStores(check);
  const uses = [
    ...statesOf(check).flatMap(([name, state]) => usesOf(["states", name], state)),
    ...usesOf(["defaults"], check.draft.defaults ?? {}),
  ];
  for (const use of uses) {
    const template = parseTemplate(use.text);
    const problem = templateProblem(template);
    if (problem === undefined) {
      for (const name of variablesOf(template)) checkDeclared(check, use.path, name);
    } else {
      check.report("template", use.path, problem);
    }
  }
  checkAssigned(check, uses);
  checkSpokenAlone(check, uses);
}

type Use = { readonly path: FlowPath; readonly text: string; readonly state: string | undefined };

function usesOf(path: FlowPath, saying: Parameters<typeof saysOf>[0]): Use[] {
  const state = path[0] === "states" ? String(path[1]) : undefined;
  return saysOf(saying).flatMap(([keys, say]) =>
    (say ?? []).map((text, index) => ({ path: [...path, ...keys, index], text, state })),
  );
}

function checkDeclarations({ draft, report, isLeftOut }: Check): void {
  for (const [name, variable] of Object.entries(draft.variables ?? {})) {
    const path = ["variables", name];
    if (variable.example === undefined) {
      if (!isLeftOut(path)) report("missing", path, "an example value is missing", "key");
    } else if (!isSpeakable(cleanValue(variable.example))) {
      report("unspeakable", path, `nothing speakable in the example "${variable.example}"`);
    }
  }
}

function checkStores(check: Check): void {
  for (const [name, { expect }] of statesOf(check)) {
    const path = ["states", name, "expect"];
    for (const key of ["digits", "free"] as const) {
      const store = expect?.[key]?.store;
      if (store !== undefined) checkDeclared(check, [...path, key, "store"], store);
    }
    for (const [intent, { set }] of Object.entries(expect?.intents ?? {})) {
      for (const variable of Object.keys(set ?? {})) {
        checkDeclared(check, [...path, "intents", intent, "set", variable], variable, "key");
      }
    }
  }
}

function checkDeclared(
  { draft, report, isLeftOut }: Check,
  path: FlowPath,
  name: string,
  at: "key" | "value" = "value",
): void {
  const declared = draft.variables ?? {};
  if (Object.hasOwn(declared, name)) return;
  if (isLeftOut(["variables", name]) || (draft.variables === undefined && isLeftOut(["variables"])))
    return;
  const hint = suggestion(name, Object.keys(declared));
  report("variable", path, `variable "${name}" is not declared under variables${hint}`, at);
}

/**
 * A variable that an answer stores has no value on ways that pass by that answer. Forward analysis:
 * what holds on every way into a state, until nothing changes any more.
 */
function checkAssigned(check: Check, uses: readonly Use[]): void {
  const { draft, report, isLeftOut } = check;
  if (isLeftOut(["states"]) || isLeftOut(["defaults"]) || draft.start === undefined) return;
  const edges = statesOf(check).flatMap((entry) => edgesOf(draft, entry));
  const stored = new Set(edges.flatMap(({ sets }) => sets));
  const unsure = new Set([...stored].filter((name) => !hasDefault(check, name)));
  if (unsure.size === 0) return;
  const asks = statesOf(check).filter(([, { expect }]) => expect !== undefined);
  const last = draft.afterMaxTurns;
  const cutOffs =
    last === undefined ? [] : asks.map(([from]) => ({ from, to: last, path: [], sets: [] }));
  const { answeringMachine: machine, start } = draft;
  // Its state comes before any answer: nothing is stored there yet.
  const answered = machine === undefined ? [] : [{ from: start, to: machine, path: [], sets: [] }];
  const certain = certainAt(start, [...edges, ...cutOffs, ...answered]);
  for (const { path, text, state } of uses) {
    if (state === undefined) continue;
    for (const name of variablesOf(parseTemplate(text))) {
      if (!unsure.has(name) || certain.get(state)?.has(name) !== false) continue;
      const message = `"${name}" may have no value here: a way leads here that does not store it`;
      report("variable", path, `${message}; give it a default`);
    }
  }
}

function hasDefault({ draft }: Check, name: string): boolean {
  return draft.variables?.[name]?.default !== undefined;
}

type Step = { readonly from: string; readonly to: string; readonly sets: readonly string[] };

function certainAt(start: string, edges: readonly Step[]): Map<string, ReadonlySet<string>> {
  const certain = new Map<string, ReadonlySet<string>>([[start, new Set()]]);
  for (let changed = true; changed;) {
    changed = false;
    for (const { from, to, sets } of edges) {
      const before = certain.get(from);
      if (before === undefined) continue;
      const brought = new Set([...before, ...sets]);
      const known = certain.get(to);
      const both =
        known === undefined ? brought : new Set([...known].filter((n) => brought.has(n)));
      if (known?.size === both.size) continue;
      certain.set(to, both);
      changed = true;
    }
  }
  return certain;
}

/** A text of nothing but variables needs one of them to have something to say, whatever was set. */
function checkSpokenAlone(check: Check, uses: readonly Use[]): void {
  const silent = silentValues(check);
  const reported = new Set<string>();
  for (const { text } of uses) {
    const template = parseTemplate(text);
    const isAlone = template.parts.every((part) => typeof part !== "string" || !isSpeakable(part));
    const names = variablesOf(template);
    if (!isAlone || names.length === 0 || !names.every((name) => silent.has(name))) continue;
    for (const { path, value } of names.flatMap((name) => silent.get(name) ?? [])) {
      if (reported.has(path.join("."))) continue;
      reported.add(path.join("."));
      const message = `nothing speakable in "${value}", and "${text}" says nothing else`;
      check.report("unspeakable", path, message);
    }
  }
}

/** Defaults and set values without anything to speak, by variable. */
function silentValues(check: Check): Map<string, { path: FlowPath; value: string }[]> {
  const silent = new Map<string, { path: FlowPath; value: string }[]>();
  const add = (name: string, path: FlowPath, value: string | undefined): void => {
    if (value === undefined || isSpeakable(cleanValue(value))) return;
    silent.set(name, [...(silent.get(name) ?? []), { path, value }]);
  };
  for (const [name, variable] of Object.entries(check.draft.variables ?? {})) {
    add(name, ["variables", name, "default"], variable.default);
  }
  for (const [state, { expect }] of statesOf(check)) {
    for (const [intent, { set }] of Object.entries(expect?.intents ?? {})) {
      const path = ["states", state, "expect", "intents", intent, "set"];
      for (const [name, value] of Object.entries(set ?? {})) add(name, [...path, name], value);
    }
  }
  return silent;
}
