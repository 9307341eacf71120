/**
 * Script files: those that come with the package, by name, and anybody's own, by path. The shipped
 * ones are read from `engine/loopback/scripts/` of the package, from source and compiled alike.
 */
import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../base/compiled-entry.js";
import { EngineError, toErrorData } from "../../base/errors.js";
import type { CalleeScript } from "./callee-script.js";
import { parseScript } from "./script-source.js";

/** Folder of the shipped scripts, as a URL ending in `/`. */
export const shippedScriptsFolder: URL = new URL("engine/loopback/scripts/", packageRoot);

/**
 * Loads every script (`.yaml`, `.yml`) of a folder, in the order of their names.
 *
 * @throws {EngineError} `CALLEE_SCRIPT_FILE` when folder or file cannot be read, or when two files
 *   have the same id; `ScriptError` for the first file with mistakes
 */
export async function loadScripts(
  folder: URL | string = shippedScriptsFolder,
): Promise<readonly CalleeScript[]> {
  const path = typeof folder === "string" ? folder : fileURLToPath(folder);
  const names = await readdir(path).catch((cause: unknown) => {
    throw unreadable("folder", path, cause);
  });
  const files = names.filter((name) => /\.ya?ml$/.test(name)).sort();
  const scripts = await Promise.all(
    files.map((name) => loadScript(`${path.replace(/\/$/, "")}/${name}`)),
  );
  requireUniqueIds(scripts);
  return scripts;
}

/**
 * Loads one script file.
 *
 * @throws {EngineError} `CALLEE_SCRIPT_FILE` when it cannot be read
 * @throws {ScriptError} `CALLEE_SCRIPT_INVALID` when it has mistakes
 */
export async function loadScript(path: string): Promise<CalleeScript> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw unreadable("script", path, cause);
  });
  return parseScript(text, basename(path));
}

/** @throws {EngineError} `CALLEE_SCRIPT_FILE` when an id is there twice */
export function requireUniqueIds(scripts: readonly CalleeScript[]): void {
  const seen = new Set<string>();
  for (const { id } of scripts) {
    if (seen.has(id)) {
      const message = `two callee scripts have the id "${id}"; every id is dialled on its own`;
      throw new EngineError("CALLEE_SCRIPT_FILE", message, { id });
    }
    seen.add(id);
  }
}

function unreadable(what: string, path: string, cause: unknown): EngineError {
  const why = toErrorData(cause).message;
  return new EngineError(
    "CALLEE_SCRIPT_FILE",
    `cannot read ${what} ${path}: ${why}`,
    { path },
    {
      cause,
    },
  );
}
