/** What the demonstration found, as data. Pure. */
import type { CallView, LatencyReport, TranscriptLine } from "../engine-node.js";
import type { RecognitionState } from "../loopback/callee-messages.js";
import type { CalleeReport, HeardPrompt, Interruption } from "../loopback/callee-report.js";
import type { CalleeScript } from "../loopback/callee-script.js";

export type DemoCall = {
  readonly script: CalleeScript;
  readonly view: CallView;
  /** Left the callee, right the agent. */
  readonly wavFile: string | undefined;
  readonly report: CalleeReport | undefined;
};

export type DemoCallResult = {
  readonly flow: string;
  readonly callee: string;
  readonly protocol: string;
  readonly outcome: string;
  readonly expected: string;
  readonly transcript: readonly TranscriptLine[];
  readonly keys: CallView["keys"];
  readonly turns: CallView["turns"];
  /** What the callee heard, by its own recogniser. */
  readonly heard: readonly HeardPrompt[];
  /** As measured at the callee. */
  readonly interruptions: readonly Interruption[];
  readonly wav?: string;
};

export type DemoResult = {
  readonly calls: readonly DemoCallResult[];
  readonly latency: LatencyReport;
  /** Why the callees did not recognise what they heard, where they did not. */
  readonly recognitionNote?: string;
};

export function demoResult(
  calls: readonly DemoCall[],
  latency: LatencyReport,
  recognition: RecognitionState | undefined,
): DemoResult {
  const note = recognition?.note;
  return {
    calls: calls.map(resultOf),
    latency,
    ...(note === undefined ? {} : { recognitionNote: note }),
  };
}

function resultOf({ script, view, wavFile, report }: DemoCall): DemoCallResult {
  return {
    flow: script.flow,
    callee: script.id,
    protocol: script.protocol,
    outcome: view.outcome ?? "none",
    expected: script.expectOutcome,
    transcript: view.transcript,
    keys: view.keys,
    turns: view.turns,
    heard: report?.heard ?? [],
    interruptions: report?.interruptions ?? [],
    ...(wavFile === undefined ? {} : { wav: wavFile }),
  };
}
