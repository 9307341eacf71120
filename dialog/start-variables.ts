/** The values a call is started with: checked against the flow, cleaned for speech. */
import { FlowVariablesError } from "./flow-errors.js";
import type { Flow } from "./flow-model.js";
import { flowLimits } from "./limits.js";
import { isSpeakable } from "./nlu/normalise.js";
import { suggestion } from "../config/suggestion.js";
import { cleanValue } from "./template.js";

/**
 * Values for a new dialog, defaults included.
 *
 * @throws {FlowVariablesError} naming every missing, unknown, empty or oversized variable at once
 */
export function startVariables(
  flow: Flow,
  given: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const names = [...flow.variables.keys()];
  const unknown = Object.keys(given)
    .filter((name) => !flow.variables.has(name))
    .map((name) => {
      const shown = name.slice(0, flowLimits.nameCharsMax);
      return `variable "${shown}" is not declared${suggestion(shown, names)}`;
    });
  const problems = names.flatMap((name) => problemWith(flow, name, given) ?? []);
  if (problems.length + unknown.length > 0) {
    throw new FlowVariablesError(flow.id, [...problems, ...unknown]);
  }
  const values = [...flow.variables.values()].flatMap(({ name, defaultValue }) => {
    const value = valueOf(given, name);
    const used = typeof value === "string" ? cleanValue(value) : defaultValue;
    return used === undefined ? [] : [[name, used] as const];
  });
  return Object.fromEntries(values);
}

/** What another flow's dialog knows and this one declares, and this one's defaults. */
export function carriedVariables(
  flow: Flow,
  known: Readonly<Record<string, string>>,
): Record<string, string> {
  const values = [...flow.variables.values()].flatMap(({ name, defaultValue }) => {
    const value = Object.hasOwn(known, name) ? known[name] : defaultValue;
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(values);
}

function problemWith(
  flow: Flow,
  name: string,
  given: Readonly<Record<string, unknown>>,
): string | undefined {
  const value = valueOf(given, name);
  const variable = flow.variables.get(name);
  if (value === undefined) {
    const example = variable?.example ?? "";
    return variable?.isRequired === true
      ? `variable "${name}" is missing (a value like "${example}")`
      : undefined;
  }
  if (typeof value !== "string") return `variable "${name}" must be a text, not ${typeof value}`;
  if (value.length > flowLimits.valueCharsMax) {
    const { length } = value;
    return `variable "${name}" has ${length} characters; at most ${flowLimits.valueCharsMax}`;
  }
  return isSpeakable(cleanValue(value))
    ? undefined
    : `variable "${name}" has nothing speakable: a letter or a digit is needed`;
}

function valueOf(given: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(given, name) ? given[name] : undefined;
}
