/** The result of the capacity bench, for a person. */
import { formatCalls } from "../support/format-calls.js";
import type { CapacityResult } from "./capacity-bench.js";
import type { Overload } from "./overload.js";
import type { LadderCost, Rung } from "./ladder.js";

export function formatCapacity(result: CapacityResult): string {
  const { without, line, transcripts, isCarried, why, ladder, ladderCost, overload } = result;
  const left = without.length === 0 ? "" : `, without ${without.join(" and ")}`;
  const text = formatCalls(`capacity (${line}${left})`, result, [
    ["turn", result.turnMs],
    ["turnEngine", result.turnEngineMs],
    ["heard turn", result.outsideTurnMs],
  ]);
  const lines = [
    `  sentences understood: ${transcripts.right} of ${transcripts.said}, ` +
      `calls misunderstood: ${transcripts.wrongCalls}`,
    isCarried ? "  carried" : `  NOT carried: ${why.join("; ")}`,
    ...(overload === undefined ? [] : overloadLines(overload)),
    ...(ladder === undefined ? [] : ladderTable(ladder)),
    ...(ladderCost === undefined ? [] : [costLine(ladderCost)]),
  ];
  return `${text}${lines.join("\n")}\n`;
}

function overloadLines({ offered, taken, refused, isExact, reasons }: Overload): string[] {
  const exact = isExact ? "each with a reason and a time to ask again" : "NOT exactly";
  return [
    `  offered ${offered}: taken ${taken}, refused ${refused}, ${exact}`,
    ...reasons.map((reason) => `    ${reason}`),
  ];
}

function costLine({ calls, coresPerCall, coresPerCallAt100, growthPct }: LadderCost): string {
  const sign = growthPct < 0 ? "" : "+";
  return `  cores per call: ${coresPerCallAt100} with 100, ${coresPerCall} with ${calls} (${sign}${growthPct} %)`;
}

function ladderTable(rungs: readonly Rung[]): string[] {
  const head = "   calls  cores/call  frame p50      p99    p99.9  turn p95";
  const rows = rungs.map((rung) => {
    const { calls, coresPerCall, frameP50Ms, frameP99Ms, frameP999Ms, turnP95Ms } = rung;
    const cells = [frameP50Ms, frameP99Ms, frameP999Ms, turnP95Ms].map((value) =>
      String(value).padStart(9),
    );
    const verdict = rung.isCarried ? "carried" : `not: ${rung.why.join("; ") || "not valid"}`;
    return `  ${String(calls).padStart(6)}  ${String(coresPerCall).padStart(10)} ${cells.join("")}  ${verdict}`;
  });
  return [head, ...rows];
}
