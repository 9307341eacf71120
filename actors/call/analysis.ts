/**
 * Analysis: the analyzers that the flow asks for, listening to one call. Their labels go on record
 * when they change, and to the Dialog where the flow has a use for them.
 *
 * Nobody waits for it. Frames that it has no time for are dropped, an analyzer that fails is left
 * out, and when it dies itself, the call goes on without labels.
 */
import { assertNever } from "../../base/assert.js";
import type { CompiledFlow } from "../../dialog/dialog-types.js";
import type { Label } from "../../speech/analyzers/analyzer.js";
import { AnalyzerPanel } from "../../speech/analyzers/panel.js";
import type { Behavior, Context } from "../kernel/index.js";
import type { CallSpec, CastPorts, Leg } from "./cast-ports.js";
import type { AnalysisMessage, CallDirectory } from "./messages.js";

/** A second of audio waits; what is older is of no use. */
const framesMax = 50;
const bytesMax = 64 * 1024;
/** Labels that one call puts on record: some for each of its turns. */
const labelsMax = 500;

type State = {
  readonly panel: AnalyzerPanel;
  /** What each label said last. */
  readonly said: Map<string, string>;
  reported: number;
};

export type AnalysisOptions = {
  readonly ports: CastPorts;
  readonly directory: CallDirectory;
  readonly spec: CallSpec;
  readonly flow: CompiledFlow;
  readonly leg: Leg;
  readonly answeredAtMs: number;
};

export function analysis(options: AnalysisOptions): Behavior<State, AnalysisMessage> {
  return {
    start: (ctx) => start(options, ctx),
    receive: (state, message) => receive(options, state, message),
    stopped: (state) => state.panel.close(),
    laneOf(message) {
      if (message.kind === "frame") return "audio";
      return message.kind === "labelled" ? "system" : "transcripts";
    },
    bytesOf: (message) => (message.kind === "frame" ? message.samples.byteLength : 0),
    limits: { audio: { policy: "dropOldest", countMax: framesMax, bytesMax } },
    coalesce: (older, newer) =>
      older.kind === "partial" && newer.kind === "partial" && older.turnId === newer.turnId
        ? newer
        : undefined,
  };
}

function start(options: AnalysisOptions, ctx: Context<AnalysisMessage>): State {
  const { ports, spec, flow, leg, directory } = options;
  const panel = new AnalyzerPanel({
    analyzers: flow.analyzers.flatMap((name) => ports.analyzers.get(name) ?? []),
    start: {
      callId: spec.callId,
      userId: spec.userId,
      language: flow.language,
      rateHz: leg.format.rateHz === 8000 ? 8000 : 16_000,
    },
    clock: ports.time,
    listener: {
      // By message: an analyzer may speak up at any time, also within an input of ours.
      label: (analyzer, label) => ctx.self.tell({ kind: "labelled", analyzer, label }),
      lost(analyzer, error) {
        ports.analyzerLost?.(analyzer, error);
        directory.call.tell({ kind: "trouble", actor: "analysis", error });
      },
    },
  });
  return { panel, said: new Map(), reported: 0 };
}

function receive(options: AnalysisOptions, state: State, message: AnalysisMessage): void {
  switch (message.kind) {
    case "frame":
      return state.panel.frame(message.samples, message.isSpeech);
    case "partial":
      return state.panel.partial(message);
    case "final":
      return state.panel.final(message);
    case "labelled":
      return labelled(options, state, message.analyzer, message.label);
    default:
      return assertNever(message);
  }
}

function labelled(
  { ports, directory, spec, flow, answeredAtMs }: AnalysisOptions,
  state: State,
  analyzer: string,
  label: Label,
): void {
  if (flow.labels.includes(label.name)) directory.dialog?.tell({ kind: "label", label });
  const key = `${analyzer} ${label.name}`;
  if (state.said.get(key) === label.value || state.reported >= labelsMax) return;
  state.said.set(key, label.value);
  state.reported += 1;
  const atMs = ports.time.nowMs() - answeredAtMs;
  ports.report(spec.callId, { kind: "label", analyzer, label, atMs });
}
