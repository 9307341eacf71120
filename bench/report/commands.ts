/** The commands of the bench that measure nothing: `compare` and `report`. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../base/compiled-entry.js";
import { compareLines, formatComparison } from "../compare/compare.js";
import { reportPage } from "./page.js";
import { linesOf, readResults } from "./result-lines.js";

const resultsFolder = fileURLToPath(new URL("bench/results", packageRoot));

/** A command of the runner: its help, and what it does with what stands behind its name. */
export type BenchCommand = {
  readonly name: string;
  readonly help: string;
  /** Returns what is printed. @throws {Error} what was wrong with the arguments */
  run(args: readonly string[]): Promise<string>;
};

const compare: BenchCommand = {
  name: "compare",
  help: "A B: figure by figure; each a file of result lines or the begin of a commit",
  async run([before, after, ...rest]) {
    if (before === undefined || after === undefined || rest.length > 0) {
      throw new Error("compare wants two names, each a file of result lines or a commit");
    }
    const results = await readResults(resultsFolder);
    return formatComparison(
      compareLines(await linesOf(before, results), await linesOf(after, results)),
    );
  },
};

const report: BenchCommand = {
  name: "report",
  help: "[FILE]: the newest results as a page with pictures (default bench-report.html)",
  async run([file = "bench-report.html", ...rest]) {
    if (rest.length > 0) throw new Error("report wants one file name at most");
    await writeFile(file, reportPage(await readResults(resultsFolder)));
    return `${resolve(file)}\n`;
  },
};

export const commands: readonly BenchCommand[] = [compare, report];
