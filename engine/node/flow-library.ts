/** The flows that calls may use, with their sources, since every shard compiles its own. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { EngineError } from "../../base/errors.js";
import { suggestion } from "../../config/suggestion.js";
import { compileFlow } from "../../dialog/flow-compiler.js";
import type { CompiledFlow } from "../../dialog/dialog-types.js";
import { listFlows } from "../../dialog/flow-files.js";

export type LibraryFlow = {
  readonly flow: CompiledFlow;
  readonly fileName: string;
  readonly source: string;
};

/**
 * Loads flows by file; `shipped` stands for all that come with the package.
 *
 * @throws {EngineError} `FLOW_INVALID` with every mistake of the first broken file, `FLOW_FILE`,
 *   `FLOW_DUPLICATE`
 */
export async function loadFlowLibrary(
  references: readonly string[],
): Promise<ReadonlyMap<string, LibraryFlow>> {
  const library = new Map<string, LibraryFlow>();
  for (const path of await pathsOf(references)) {
    const entry = loadOne(path);
    const { id } = entry.flow;
    if (library.has(id)) {
      const message = `flow "${id}" is in ${library.get(id)!.fileName} and in ${path}: ids are unique`;
      throw new EngineError("FLOW_DUPLICATE", message, { id });
    }
    library.set(id, entry);
  }
  return library;
}

/** @throws {EngineError} `UNKNOWN_ANALYZER` when a flow asks for one that there is not */
export function checkAnalyzers(
  library: ReadonlyMap<string, LibraryFlow>,
  names: readonly string[],
): void {
  for (const { flow, fileName } of library.values()) {
    const name = flow.analyzers.find((one) => !names.includes(one));
    if (name === undefined) continue;
    const known = `there are ${names.join(", ")}${suggestion(name, names)}`;
    const message = `${fileName}: analyzers: there is no "${name}"; ${known}`;
    throw new EngineError("UNKNOWN_ANALYZER", message, { flow: flow.id, name });
  }
}

async function pathsOf(references: readonly string[]): Promise<string[]> {
  const paths: string[] = [];
  for (const reference of references) {
    if (reference === "shipped") paths.push(...(await listFlows()).map(({ path }) => path));
    else paths.push(reference);
  }
  return paths;
}

function loadOne(path: string): LibraryFlow {
  let source: string;
  try {
    source = readFileSync(path, "utf8");
  } catch (cause) {
    throw new EngineError("FLOW_FILE", `cannot read flow ${path}`, { path }, { cause });
  }
  const fileName = basename(path);
  return { flow: compileFlow(source, { fileName }), fileName, source };
}
