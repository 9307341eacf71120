/** The YAML of a flow, with mistakes of a flow's own kinds at the places where they stand. */
import { readYamlDocument } from "../config/yaml-document.js";
import type { FlowPath, Mistake, MistakeKind } from "./flow-errors.js";
import { flowLimits } from "./limits.js";

export type FlowSource = {
  /** Plain data; undefined when the text is no YAML at all. */
  readonly value: unknown;
  /** Mistakes of the YAML itself. */
  readonly mistakes: readonly Mistake[];
  /** Makes a mistake at `path`: at its value, or at its key (for what is missing beneath it). */
  readonly mistake: (
    kind: MistakeKind,
    path: FlowPath,
    message: string,
    at?: "key" | "value",
  ) => Mistake;
};

/** Reads the YAML of a flow. Never throws for bad text: it is in `mistakes`. */
export function readFlowSource(text: string): FlowSource {
  const { value, problems, positionOf } = readYamlDocument(text, {
    bytesMax: flowLimits.sourceBytesMax,
  });
  return {
    value,
    mistakes: problems.map((problem) => ({ ...problem, path: "" })),
    mistake: (kind, path, message, at) => ({
      kind,
      path: path.join("."),
      ...positionOf(path, at),
      message,
    }),
  };
}
