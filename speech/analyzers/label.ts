/** Reads a label that somebody else made: it goes into flows and records only when it is one. */
import type { Label } from "./analyzer.js";

/** As names in flows are. */
const nameShape = /^[A-Za-z][A-Za-z0-9_-]{0,39}$/;
const valueShape = /^[\w.:-]{1,60}$/;

/** @returns undefined when it is no label; `score` left out is 1, and is kept within 0 and 1 */
export function readLabel(given: unknown): Label | undefined {
  if (typeof given !== "object" || given === null) return undefined;
  const { name, value, score = 1 } = given as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || !nameShape.test(name)) return undefined;
  if (typeof value !== "string" || !valueShape.test(value)) return undefined;
  if (typeof score !== "number" || !Number.isFinite(score)) return undefined;
  return { name, value, score: Math.min(1, Math.max(0, score)) };
}
