/**
 * Where threads and processes find the file to run. They run compiled JavaScript; when the caller
 * itself runs from source (under the test runner), the entry is looked up in `dist/`.
 */
import { existsSync } from "node:fs";
import { EngineError } from "./errors.js";

const isSource = import.meta.url.endsWith(".ts");

/** Root of the installed package (the folder with `package.json`), as a URL ending in `/`. */
export const packageRoot: URL = new URL(isSource ? "../" : "../../", import.meta.url);

/**
 * URL of a compiled entry.
 *
 * @param path inside the package, as compiled, e.g. `engine/shard/shard-main.js`
 * @throws {EngineError} `NOT_BUILT` when the file is absent
 */
export function compiledEntry(path: string): URL {
  const entry = new URL(`dist/${path}`, packageRoot);
  if (!existsSync(entry)) {
    throw new EngineError("NOT_BUILT", `dist/${path} is missing: run "npm run build" first`, {
      path,
    });
  }
  return entry;
}
