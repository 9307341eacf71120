/**
 * Snapshots come back from the ledger, from another thread or another version of the engine: they
 * are checked before anything runs on them.
 */
import { z } from "zod";
import type { DialogSnapshot } from "./dialog-types.js";
import { SnapshotError } from "./flow-errors.js";
import type { Flow } from "./flow-model.js";
import { flowLimits } from "./limits.js";

/** Form of today's snapshots; a change that an older reader cannot know adds one. 2 has labels. */
export const snapshotForm = 2;

/** States that every flow has beside its own: the other side hung up; too many turns. */
export const builtInStates = { hangup: "$hangup", maxTurns: "$maxTurns" } as const;

const count = z.int().min(0).max(flowLimits.maxTurnsMax);

const schema = z.strictObject({
  form: z.int().min(1).max(snapshotForm),
  flow: z.string(),
  version: z.string(),
  state: z.string(),
  variables: z.record(z.string(), z.string().max(flowLimits.valueCharsMax * 2)),
  turns: count,
  silences: count,
  noMatches: count,
  keys: z
    .string()
    .max(flowLimits.digitsMax)
    .regex(/^[0-9]*$/),
  labels: z.record(z.string(), z.object({ value: z.string(), score: z.number() })).optional(),
  outcome: z.string().optional(),
});

/**
 * Checks stored data and gives it back as a snapshot of `flow`.
 *
 * @throws {SnapshotError} `SNAPSHOT_CORRUPT` (not a snapshot, or one that cannot have come about),
 *   `SNAPSHOT_NEWER` (made by a later engine), `SNAPSHOT_FOREIGN` (other flow, or other version)
 */
export function readSnapshot(flow: Flow, version: string, data: unknown): DialogSnapshot {
  checkOrigin(flow, version, data);
  const parsed = schema.safeParse(data);
  if (!parsed.success) {
    const paths = parsed.error.issues.map((issue) => issue.path.slice(0, 1).join("."));
    throw corrupt(flow, `wrong field ${[...new Set(paths)].join(", ") || "(unknown)"}`);
  }
  const { outcome, labels, ...rest } = parsed.data;
  const snapshot = {
    ...rest,
    form: snapshotForm,
    ...(labels === undefined ? {} : { labels }),
    ...(outcome === undefined ? {} : { outcome }),
  };
  checkPlace(flow, snapshot);
  return snapshot;
}

function checkOrigin(flow: Flow, version: string, data: unknown): void {
  if (typeof data !== "object" || data === null) throw corrupt(flow, "it is not a map");
  const { form, flow: id, version: madeBy } = data as Readonly<Record<string, unknown>>;
  if (typeof form !== "number") throw corrupt(flow, "field form is not a number");
  if (form > snapshotForm) {
    const message = `snapshot has form ${form}; this engine reads forms up to ${snapshotForm}`;
    throw new SnapshotError("SNAPSHOT_NEWER", message, { form, formMax: snapshotForm });
  }
  if (typeof id !== "string" || typeof madeBy !== "string") {
    throw corrupt(flow, "fields flow and version are not texts");
  }
  if (id !== flow.id || madeBy !== version) {
    const made = `${id.slice(0, 80)}@${madeBy.slice(0, 40)}`;
    const message = `snapshot was made by flow ${made}; it cannot go on in ${flow.id}@${version}`;
    throw new SnapshotError("SNAPSHOT_FOREIGN", message, { made, wanted: `${flow.id}@${version}` });
  }
}

/** A dialog rests only in asking states and in ends, and knows only declared variables. */
function checkPlace(flow: Flow, snapshot: DialogSnapshot): void {
  const state = flow.states.get(snapshot.state);
  const isBuiltIn = Object.values<string>(builtInStates).includes(snapshot.state);
  if (state === undefined && !isBuiltIn) throw corrupt(flow, "its state is not in the flow");
  if (state?.kind === "pass") throw corrupt(flow, `nothing rests in state "${state.name}"`);
  const isOver = isBuiltIn || state?.kind === "end";
  if (isOver !== (snapshot.outcome !== undefined)) {
    throw corrupt(flow, "its outcome does not fit its state");
  }
  if (Object.keys(snapshot.variables).some((name) => !flow.variables.has(name))) {
    throw corrupt(flow, "it has a variable that the flow does not declare");
  }
}

function corrupt(flow: Flow, why: string): SnapshotError {
  const message = `snapshot for flow "${flow.id}" is corrupt: ${why}`;
  return new SnapshotError("SNAPSHOT_CORRUPT", message, { flowId: flow.id, why });
}
