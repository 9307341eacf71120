/** Checks the ways through a flow: they exist, reach every state, and end. */
import { nearestName } from "../../config/suggestion.js";
import { edgesOf, kindOf, statesOf, type Check, type Edge } from "./check.js";

/** Reports missing targets, unreachable states, dead ends, endless loops and a missing end. */
export function checkGraph(check: Check): void {
  const { draft, report, isLeftOut } = check;
  const edges = statesOf(check).flatMap((entry) => edgesOf(draft, entry));
  checkTargets(check, edges);
  const ends = statesOf(check).flatMap(([name, { end }]) => (end === undefined ? [] : [name]));
  // With a part left out, a way may be missing that the author did write: blame nothing for it.
  if (isLeftOut(["states"]) || isLeftOut(["start"]) || isLeftOut(["defaults"])) return;
  if (ends.length === 0 && draft.states !== undefined) {
    report("missingEnd", ["states"], "no state has end: every call must be able to end", "key");
  }
  const meant = edges.map((edge) => ({ ...edge, to: meantName(check, edge.to) }));
  checkReachable(check, meant);
  if (ends.length > 0) checkEnding(check, meant, ends);
  checkPassing(check);
}

function checkTargets({ draft, stateNames, report }: Check, edges: readonly Edge[]): void {
  const written = new Map(edges.map(({ path, to }) => [path.join("."), { path, to }]));
  for (const key of ["start", "afterMaxTurns", "answeringMachine"] as const) {
    const to = draft[key];
    if (to !== undefined) written.set(key, { path: [key], to });
  }
  for (const key of ["silence", "noMatch", "onResume"] as const) {
    const to = draft.defaults?.[key]?.then;
    const path = ["defaults", key, "then"];
    if (to !== undefined) written.set(path.join("."), { path, to });
  }
  for (const { path, to } of written.values()) {
    if (stateNames.has(to)) continue;
    const nearest = nearestName(to, stateNames);
    const hint = nearest === undefined ? "" : `; the nearest is "${nearest}"`;
    report("missingState", path, `there is no state "${to}"${hint}`);
  }
}

/** A mistyped target counts as the state it most likely means, which is then not "unreachable". */
function meantName({ stateNames }: Check, name: string): string {
  return stateNames.has(name) ? name : (nearestName(name, stateNames) ?? name);
}

function checkReachable(check: Check, edges: readonly Edge[]): void {
  const { draft, report } = check;
  if (draft.start === undefined) return;
  const starts = [draft.start, draft.afterMaxTurns, draft.answeringMachine];
  const reached = follow(
    starts.flatMap((name) => name ?? []).map((name) => meantName(check, name)),
    edges,
  );
  for (const [name] of statesOf(check)) {
    if (reached.has(name)) continue;
    report("unreachable", ["states", name], `no way leads here from start "${draft.start}"`, "key");
  }
}

function checkEnding(check: Check, edges: readonly Edge[], ends: readonly string[]): void {
  const backwards = edges.map((edge) => ({ ...edge, from: edge.to, to: edge.from }));
  const ending = follow(ends, backwards);
  for (const [name, state] of statesOf(check)) {
    if (ending.has(name) || kindOf(state) === undefined) continue;
    check.report("deadEnd", ["states", name], "no way leads from here to an end", "key");
  }
}

/** States that go on by themselves must arrive where something waits or ends. */
function checkPassing(check: Check): void {
  const { draft, report } = check;
  const passes = new Map(
    statesOf(check).flatMap(([name, state]) =>
      kindOf(state) === "pass" && state.then !== undefined ? [[name, state.then] as const] : [],
    ),
  );
  const inLoop = [...passes.keys()].filter(
    (name) => arrive(passes, passes.get(name), name) === name,
  );
  for (const name of inLoop) {
    const message = "goes round for ever: then leads back here without waiting for an answer";
    report("endlessLoop", ["states", name, "then"], message);
  }
  if (draft.afterMaxTurns === undefined) return;
  const last = arrive(passes, draft.afterMaxTurns, undefined);
  if (last === undefined || draft.states?.[last]?.expect === undefined) return;
  report("endlessLoop", ["afterMaxTurns"], "must lead to an end without asking anything more");
}

/** Follows `then` from `name` until it ends, or comes to `until`. */
function arrive(
  passes: ReadonlyMap<string, string>,
  name: string | undefined,
  until: string | undefined,
): string | undefined {
  const seen = new Set<string>();
  let current = name;
  while (current !== undefined && current !== until && !seen.has(current)) {
    seen.add(current);
    current = passes.get(current) ?? current;
  }
  return current;
}

function follow(starts: readonly string[], edges: readonly Edge[]): Set<string> {
  const nexts = new Map<string, string[]>();
  for (const { from, to } of edges) nexts.set(from, [...(nexts.get(from) ?? []), to]);
  const reached = new Set(starts);
  for (const name of reached) for (const next of nexts.get(name) ?? []) reached.add(next);
  return reached;
}
