/**
 * Plain value → draft of a flow's shape. What is wrong is reported and left out, so that the checks
 * of meaning run over all that is well-formed and every mistake of a file is found in one go. A
 * check that would blame something missing asks `isLeftOut` first.
 */
import { mapAt, readDraft } from "../config/draft.js";
import type { FlowPath, Mistake } from "./flow-errors.js";
import { flowSchema, type FlowDraft } from "./flow-schema.js";
import type { FlowSource } from "./flow-source.js";

export type ReadDraft = {
  readonly draft: FlowDraft;
  readonly mistakes: readonly Mistake[];
  /** Every state that the file names, also one that is not well-formed. */
  readonly stateNames: ReadonlySet<string>;
  /** True when something at `path`, or beneath it, was wrong and is missing from the draft. */
  readonly isLeftOut: (path: FlowPath) => boolean;
};

/** Reads the draft of a flow. Never throws: what is wrong is in `mistakes`. */
export function readFlowDraft({ value, mistake }: FlowSource): ReadDraft {
  const { draft = {}, wrongParts, isLeftOut } = readDraft({ schema: flowSchema, value });
  return {
    draft,
    mistakes: wrongParts.map(({ kind, path, message, at }) => mistake(kind, path, message, at)),
    stateNames: new Set(Object.keys(mapAt(value, ["states"]) ?? {})),
    isLeftOut,
  };
}
