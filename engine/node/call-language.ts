/** Whether the flows of a library that name one another for other languages fit together. */
import { EngineError } from "../../base/errors.js";
import { primary } from "../../dialog/languages.js";
import type { LibraryFlow } from "./flow-library.js";

type Library = ReadonlyMap<string, LibraryFlow>;

/** @throws {EngineError} `FLOW_LANGUAGE` when a flow names one that cannot take its calls over */
export function checkLanguages(flows: Library): void {
  for (const { flow, fileName } of flows.values()) {
    for (const [tag, id] of Object.entries(flow.languages)) {
      const wrong = problemWith(flow, tag, flows.get(id)?.flow);
      if (wrong === undefined) continue;
      const message = `${fileName}: languages.${tag}: "${id}" ${wrong}`;
      throw new EngineError("FLOW_LANGUAGE", message, { flow: flow.id, language: tag });
    }
  }
}

type Compiled = LibraryFlow["flow"];

function problemWith(flow: Compiled, tag: string, other: Compiled | undefined): string | undefined {
  if (other === undefined) return "is not loaded; name the id of a flow that is";
  if (primary(other.language) !== primary(tag)) return `speaks ${other.language}`;
  const given = new Set(flow.variables.map(({ name }) => name));
  const needs = other.variables.filter(({ name, isRequired }) => isRequired && !given.has(name));
  const names = needs.map(({ name }) => name).join(", ");
  return names === "" ? undefined : `needs variables that this flow does not have: ${names}`;
}
