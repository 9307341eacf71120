/** Trunks out of the configuration: one line per kind. */
import type { Time } from "../../base/ports.js";
import { createAsteriskTrunk, type TrunkLog } from "../../access/trunks/asterisk/asterisk-trunk.js";
import type { Trunk } from "../../access/trunks/trunk.js";
import type { AsteriskTrunkConfig, TrunkConfig } from "../../config/schema.js";
import { createLoopbackTrunk } from "../loopback/loopback-trunk.js";
import type { CalleeScript } from "../loopback/callee-script.js";
import { loadScript, loadScripts } from "../loopback/script-files.js";

/** @throws {EngineError} what is wrong with the scripts of a loopback trunk */
export async function createTrunks(
  configs: readonly TrunkConfig[],
  options: {
    readonly time: Time;
    readonly isRecognizing: boolean;
    readonly log: TrunkLog;
  },
): Promise<Trunk[]> {
  return Promise.all(
    configs.map(async (config) => {
      const { time, log } = options;
      if (config.kind === "asterisk") return asteriskTrunk(config, time, log);
      const scripts = await scriptsOf(config.scripts);
      const { isRecognizing } = options;
      return createLoopbackTrunk({ name: config.name, scripts, time, isRecognizing });
    }),
  );
}

function asteriskTrunk(
  { url, user, password, ...same }: AsteriskTrunkConfig,
  time: Time,
  log: TrunkLog,
): Trunk {
  return createAsteriskTrunk({ ...same, address: { url, user, password }, time, log });
}

/** Scripts by file; without any, those that come with the package. */
async function scriptsOf(paths: readonly string[] | undefined): Promise<readonly CalleeScript[]> {
  return paths === undefined ? loadScripts() : Promise.all(paths.map(loadScript));
}
