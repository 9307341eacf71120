/**
 * Where threads and processes find the file to run. They run compiled JavaScript; when the caller
 * itself runs from source (under the test runner), the entry is looked up in `dist/`.
 */
import { existsSync } from "node:fs";
import { EngineError } from "./errors.js";

const isSource = import.meta.url.endsWith(".ts");

/** Root of the installed package (the folder with `package.json`), as a URL ending in `/`. */
export const packageRoot: URL = new URL(isSource ? "../" : "../../", import.meta.url);

/** Those that `bundle-threads.js` bundles: they start in a third of the time. */
const isBundled = (path: string): boolean =>
  path.endsWith("-main.js") || path === "base/background-start.js";

/**
 * URL of a compiled entry; of its bundle where it has one.
 *
 * @param path inside the package, as compiled, e.g. `engine/shard/shard-main.js`
 * @throws {EngineError} `NOT_BUILT` when the file is absent
 */
export function compiledEntry(path: string): URL {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const entry = new URL(`dist/${isBundled(path) ? `bundles/${name}` : path}`, packageRoot);
  if (!existsSync(entry)) {
    throw new EngineError("NOT_BUILT", `dist/${path} is missing: run "npm run build" first`, {
      path,
    });
  }
  return entry;
}
