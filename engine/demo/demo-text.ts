/** The demonstration as text for a person. Pure but for the printer's memory of what it printed. */
import type { HistogramSummary } from "../../base/histogram.js";
import type { CallView } from "../engine-node.js";
import type { DemoCallResult, DemoResult } from "./demo-result.js";

/** Prints each line of each call once, as it comes. */
export class TranscriptPrinter {
  readonly #write: (text: string) => void;
  readonly #printed = new Map<string, { lines: number; keys: number; status: string }>();

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  update(callee: string, view: CallView): void {
    const seen = this.#printed.get(callee) ?? { lines: 0, keys: 0, status: "dialing" };
    this.#printed.set(callee, seen);
    if (view.status === "live" && seen.status === "dialing") {
      this.#line(callee, 0, "····", `answered (${view.protocol}, ${view.format})`);
    }
    for (const key of view.keys.slice(seen.keys)) {
      this.#line(callee, key.atMs, "key ", key.digit);
    }
    for (const { side, text, atMs, isRejected } of view.transcript.slice(seen.lines)) {
      const who = side === "agent" ? "us  " : "them";
      this.#line(callee, atMs, who, isRejected === true ? `(not understood) ${text}` : text);
    }
    if (view.status === "ended") this.#line(callee, undefined, "····", `ended: ${view.outcome}`);
    seen.keys = view.keys.length;
    seen.lines = view.transcript.length;
    seen.status = view.status;
  }

  #line(callee: string, atMs: number | undefined, who: string, text: string): void {
    const at = atMs === undefined ? "" : `${(atMs / 1000).toFixed(1)} s`;
    this.#write(`${callee.padEnd(24)} ${at.padStart(7)}  ${who}  ${text}\n`);
  }
}

/** Outcomes, interruptions, recordings and the latency figures. */
export function formatSummary({ calls, latency, recognitionNote }: DemoResult): string {
  const lines = ["", "Calls"];
  for (const call of calls) lines.push(...callLines(call));
  lines.push("", `Latency, ms${" ".repeat(17)}count      p50      p95      p99      max`);
  for (const name of ["frameIn", "frameOut", "frame", "turn", "turnEngine"] as const) {
    lines.push(`  ${name.padEnd(22)}${figures(latency[name])}`);
  }
  lines.push(`  frames over 300 ms    ${String(latency.framesOver300Ms).padStart(9)}`);
  if (recognitionNote !== undefined) lines.push("", `Note: ${recognitionNote}`);
  return `${lines.join("\n")}\n`;
}

function callLines(call: DemoCallResult): string[] {
  const isRight = call.outcome === call.expected;
  const verdict = isRight ? "ok" : `EXPECTED ${call.expected}`;
  const lines = [`  ${call.callee.padEnd(24)}${call.outcome.padEnd(18)}${verdict}`];
  for (const { silentAfterMs, onsetMs } of call.interruptions) {
    const after = silentAfterMs === null ? "never silent" : `silent after ${ms(silentAfterMs)} ms`;
    lines.push(`      interrupted us at ${(onsetMs / 1000).toFixed(1)} s: ${after}`);
  }
  if (call.wav !== undefined) lines.push(`      ${call.wav}`);
  return lines;
}

function figures({ count, p50, p95, p99, max }: HistogramSummary): string {
  return [String(count), ...[p50, p95, p99, max].map((value) => value.toFixed(2))]
    .map((text) => text.padStart(9))
    .join("");
}

function ms(value: number): string {
  return value.toFixed(0);
}
