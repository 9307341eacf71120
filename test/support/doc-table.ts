/**
 * Tables of results in the documentation: a test makes the rows anew at every run, and compares
 * them with the file. `npm run conformance` writes them there instead.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";
import { packageRoot } from "../../base/compiled-entry.js";

const isWriting = process.env["VOXTREE_WRITE_TABLES"] === "1";

/**
 * Expects the rows in a file, in this order; their first cells tell them from others.
 *
 * @param header of the table; where rows are written, the table below it is replaced
 */
export function expectTable(path: string, header: string, rows: readonly string[]): void {
  const file = new URL(path, packageRoot);
  const lines = readFileSync(file, "utf8").split("\n");
  const at = lines.indexOf(header);
  expect(at, `${path} has the line ${header}`).toBeGreaterThan(-1);
  const from = at + 2;
  let to = from;
  while (lines[to]?.startsWith("| ") === true) to += 1;
  if (isWriting) {
    writeFileSync(file, [...lines.slice(0, from), ...rows, ...lines.slice(to)].join("\n"));
    return;
  }
  expect(lines.slice(from, to)).toEqual(rows);
}
