/** The result of the turns bench as tables, for a person and for `docs/turn-taking.md`. Pure. */
import type { TurnsResult } from "./turns-bench.js";
import type { Delay, Share } from "./turn-figures.js";
import type { PartFigures } from "./turn-report.js";

const parts = [
  ["tuned", "tuned"],
  ["held out", "heldOut"],
] as const;

export function formatTurns(result: TurnsResult): string {
  const { all, callers, mode } = result;
  return [
    `turns: ${all.utterances} utterances, ${mode} time${result.isValid ? "" : "  (NOT VALID)"}\n\n`,
    headline(result),
    answersTable(result),
    overlapsTable(result),
    `\nCallers' own frames late by p99 ${callers.p99Ms} ms, at most ${callers.maxMs} ms.\n`,
  ].join("");
}

function headline(result: TurnsResult): string {
  const rows = [
    ["answer, all", (part: PartFigures) => delay(part.responseMs)],
    ["answer, yes or no and choices", (part: PartFigures) => delay(part.grammarResponseMs)],
    ["answer, digits and free speech", (part: PartFigures) => delay(part.openResponseMs)],
    ["too early", (part: PartFigures) => share(part.premature)],
    ["interruption → silence", (part: PartFigures) => delay(part.bargeInMs)],
    ["interruption not noticed", (part: PartFigures) => share(part.missedInterruption)],
    ["silenced by cough, mhm, echo", (part: PartFigures) => share(part.falseInterruption)],
  ] as const;
  const head = "| | all | tuned | held out |\n|---|---|---|---|\n";
  return (
    head +
    rows
      .map(([name, cell]) => {
        const cells = [result.all, result.tuned, result.heldOut].map(cell);
        return `| ${name} | ${cells.join(" | ")} |\n`;
      })
      .join("")
  );
}

function answersTable(result: TurnsResult): string {
  const head =
    "\n| scenario | set | utterances | answer p50 / p95 ms | too early | no answer |\n" +
    "|---|---|---|---|---|---|\n";
  const rows = result.all.answers.flatMap(({ scenario }) =>
    parts.map(([name, key]) => {
      const one = result[key].answers.find((each) => each.scenario === scenario)!;
      const { responseMs, premature, unanswered } = one;
      const cells = [scenario, name, premature.of, delay(responseMs), share(premature)];
      return `| ${cells.join(" | ")} | ${unanswered.count} |\n`;
    }),
  );
  return head + rows.join("");
}

function overlapsTable(result: TurnsResult): string {
  const head =
    "\n| over our prompt | set | count | silenced us | onset → silence p50 / p95 ms |\n" +
    "|---|---|---|---|---|\n";
  const rows = result.all.overlaps.flatMap(({ overlap }) =>
    parts.map(([name, key]) => {
      const { stopped, silentMs } = result[key].overlaps.find((one) => one.overlap === overlap)!;
      const cells = [overlap, name, stopped.of, share(stopped), delay(silentMs)];
      return `| ${cells.join(" | ")} |\n`;
    }),
  );
  return head + rows.join("");
}

function delay({ count, p50, p95, p95Ci }: Delay): string {
  if (count === 0) return "–";
  return `${Math.round(p50)} / ${Math.round(p95)} (${p95Ci.map(Math.round).join("–")})`;
}

function share({ pct, ciPct, of }: Share): string {
  return of === 0 ? "–" : `${pct} % (${ciPct.join("–")})`;
}
