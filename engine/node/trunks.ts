/** Trunks out of the configuration: one line per kind. */
import type { Time } from "../../base/ports.js";
import type { Trunk } from "../../access/trunks/trunk.js";
import type { TrunkConfig } from "../../config/schema.js";
import { createLoopbackTrunk } from "../loopback/loopback-trunk.js";
import type { CalleeScript } from "../loopback/callee-script.js";
import { loadScript, loadScripts } from "../loopback/script-files.js";

/** @throws {EngineError} what is wrong with the scripts of a loopback trunk */
export async function createTrunks(
  configs: readonly TrunkConfig[],
  options: { readonly time: Time; readonly isRecognizing: boolean },
): Promise<Trunk[]> {
  return Promise.all(
    configs.map(async ({ name, scripts: paths }) => {
      const scripts = await scriptsOf(paths);
      return createLoopbackTrunk({ name, scripts, ...options });
    }),
  );
}

/** Scripts by file; without any, those that come with the package. */
async function scriptsOf(paths: readonly string[] | undefined): Promise<readonly CalleeScript[]> {
  return paths === undefined ? loadScripts() : Promise.all(paths.map(loadScript));
}
