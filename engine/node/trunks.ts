/** Trunks out of the configuration, each within its limits. */
import type { Time } from "../../base/ports.js";
import { createAsteriskTrunk } from "../../access/trunks/asterisk/asterisk-trunk.js";
import type { TrunkLog } from "../../access/trunks/trunk-log.js";
import { createCarrierTrunk } from "../../access/trunks/carriers/carrier-trunk.js";
import { carrierDialect } from "../../access/trunks/carriers/carrier-vendors.js";
import { createFreeSwitchTrunk } from "../../access/trunks/freeswitch/freeswitch-trunk.js";
import { limitTrunk } from "../../access/trunks/limited-trunk.js";
import type { Trunk } from "../../access/trunks/trunk.js";
import type { AsteriskTrunkConfig, CarrierTrunkConfig, TrunkConfig } from "../../config/schema.js";
import { createLoopbackTrunk } from "../loopback/loopback-trunk.js";
import type { CalleeScript } from "../loopback/callee-script.js";
import { loadScript, loadScripts } from "../loopback/script-files.js";

export type TrunkParts = {
  readonly time: Time;
  readonly isRecognizing: boolean;
  readonly log: TrunkLog;
};

/** @throws {EngineError} what is wrong with the scripts of a loopback trunk */
export async function createTrunks(
  configs: readonly TrunkConfig[],
  options: TrunkParts,
): Promise<Trunk[]> {
  return Promise.all(
    configs.map(async (config) => {
      const { callsMax: attemptsMax, callsPerSecondMax: attemptsPerSecond } = config;
      const limits = {
        ...(attemptsMax === undefined ? {} : { attemptsMax }),
        ...(attemptsPerSecond === undefined ? {} : { attemptsPerSecond }),
      };
      return limitTrunk(await trunkOf(config, options), limits, options.time);
    }),
  );
}

async function trunkOf(config: TrunkConfig, options: TrunkParts): Promise<Trunk> {
  const { time, log, isRecognizing } = options;
  if (config.kind === "asterisk") return asteriskTrunk(config, time, log);
  if (config.kind === "freeswitch") return createFreeSwitchTrunk({ ...config, time, log });
  if (config.kind !== "loopback") return carrierTrunk(config, time, log);
  const scripts = await scriptsOf(config.scripts);
  return createLoopbackTrunk({ name: config.name, scripts, time, isRecognizing });
}

function asteriskTrunk(
  { url, user, password, ...same }: AsteriskTrunkConfig,
  time: Time,
  log: TrunkLog,
): Trunk {
  return createAsteriskTrunk({ ...same, address: { url, user, password }, time, log });
}

function carrierTrunk(config: CarrierTrunkConfig, time: Time, log: TrunkLog): Trunk {
  const { name, kind, callerId, webhookUrl, detectsMachines } = config;
  const dialect = carrierDialect(kind, config);
  return createCarrierTrunk({ name, dialect, callerId, webhookUrl, detectsMachines, time, log });
}

/** Scripts by file; without any, those that come with the package. */
async function scriptsOf(paths: readonly string[] | undefined): Promise<readonly CalleeScript[]> {
  return paths === undefined ? loadScripts() : Promise.all(paths.map(loadScript));
}
