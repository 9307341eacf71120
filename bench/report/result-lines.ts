/** Result lines as they were kept: read, selected, paired. */
import { readdir, readFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import type { ResultLine } from "../support/bench.js";

/** Every line of every file of the folder, in the order they were kept. */
export async function readResults(folder: string): Promise<ResultLine[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".jsonl")).sort();
  const files = await Promise.all(names.map((name) => readFile(`${folder}/${name}`, "utf8")));
  return files.flatMap(parseLines).sort((a, b) => a.at.localeCompare(b.at));
}

/** @throws {SyntaxError} a line that is not JSON */
export function parseLines(text: string): ResultLine[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as ResultLine);
}

/**
 * The lines that `name` means: those of a file, or those measured at a commit (its first letters).
 *
 * @throws {Error} when there are none
 */
export async function linesOf(name: string, results: readonly ResultLine[]): Promise<ResultLine[]> {
  const lines = existsSync(name)
    ? parseLines(await readFile(name, "utf8"))
    : results.filter(({ commit }) => commit.startsWith(name));
  if (lines.length > 0) return lines;
  const commits = [...new Set(results.map(({ commit }) => commit))].join(", ");
  throw new Error(
    `"${name}" is neither a file with result lines nor a commit with some; there is ${commits}`,
  );
}

/** What must be the same in two runs that are compared. */
export function keyOf(line: ResultLine): string {
  const { bench, calls = "", line: protocol = "", without = [], overload } = line;
  // How many are taken under overload differs from run to run; what was offered does not.
  const load =
    overload === undefined ? calls : `offered ${(overload as { offered: number }).offered}`;
  return [bench, load, protocol, ...(without as string[])].map(String).join(" ").trim();
}

/** The newest line of each key that counts. */
export function newestByKey(lines: readonly ResultLine[]): Map<string, ResultLine> {
  return new Map(lines.filter(({ isValid }) => isValid).map((line) => [keyOf(line), line]));
}
