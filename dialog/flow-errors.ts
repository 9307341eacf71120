/** What goes wrong with a flow, its variables, its snapshots and its files. */
import { EngineError } from "../base/errors.js";

/** Keys and indexes from the root of the flow, e.g. `["states", "greeting", "say", 0]`. */
export type FlowPath = readonly (string | number)[];

/** Which rule was broken: stable, for tools; the message is for people. */
export type MistakeKind =
  | "syntax"
  | "shape"
  | "unknownKey"
  | "missing"
  | "tooBig"
  | "missingState"
  | "unreachable"
  | "deadEnd"
  | "missingEnd"
  | "endlessLoop"
  | "variable"
  | "template"
  | "intent"
  | "phrase"
  | "keypad"
  | "markup"
  | "unspeakable";

/** One mistake in a flow file. Lines and columns count from 1. */
export type Mistake = {
  readonly kind: MistakeKind;
  /** E.g. `states.greeting.on.confirm`; empty for the file as a whole. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
};

/** A flow has mistakes: `detail.mistakes` holds all of them, in the order of the file. */
export class FlowError extends EngineError {
  readonly mistakes: readonly Mistake[];

  constructor(fileName: string, mistakes: readonly Mistake[]) {
    const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
    const lines = mistakes.map((mistake) => `  ${fileName}:${describeMistake(mistake)}`);
    super("FLOW_INVALID", [`${fileName} has ${count}:`, ...lines].join("\n"), {
      fileName,
      mistakes,
    });
    this.mistakes = mistakes;
  }
}

/** The values given to a call do not fit what the flow declares. Never shows a value. */
export class FlowVariablesError extends EngineError {
  constructor(flowId: string, problems: readonly string[]) {
    super("FLOW_VARIABLES", `flow "${flowId}": ${problems.join("; ")}`, { flowId, problems });
  }
}

/** Stored data that this flow version cannot continue from. Never shows its contents. */
export class SnapshotError extends EngineError {
  constructor(
    code: "SNAPSHOT_CORRUPT" | "SNAPSHOT_NEWER" | "SNAPSHOT_FOREIGN",
    message: string,
    detail: Readonly<Record<string, unknown>>,
  ) {
    super(code, message, detail);
  }
}

/** A flow file cannot be read. */
export class FlowFileError extends EngineError {
  constructor(message: string, detail: Readonly<Record<string, unknown>>, options?: ErrorOptions) {
    super("FLOW_FILE", message, detail, options);
  }
}

function describeMistake({ line, column, path, message }: Mistake): string {
  return `${line}:${column} ${path === "" ? "" : `${path}: `}${message}`;
}
